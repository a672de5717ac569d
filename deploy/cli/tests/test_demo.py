"""`make demo` as a newcomer runs it, on servers of its own; half of its people fill every caseload already."""

import os
import subprocess
import sys
from pathlib import Path

from handrail.testing import reachable


def test_the_demo_plays_to_its_end_and_leaves_a_report(tmp_path: Path) -> None:
    environment = os.environ | {"HANDRAIL_DATA": str(reachable(tmp_path) / "data"), "COLUMNS": "200"}
    command = [sys.executable, "-m", "handrail.main", "demo", "--people", "250", "--out", str(tmp_path / "report")]

    played = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)

    assert played.returncode == 0, played.stderr
    assert "70 of 70 points" in played.stdout
    assert (tmp_path / "report" / "report.html").read_text().count("M12") > 0
    assert len(list((tmp_path / "report").iterdir())) == 3
