"""How a day and a time are said to a person, in English and Spanish."""

from datetime import datetime
from zoneinfo import ZoneInfo

DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
}
MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
}
# A text with any other letter than those of GSM 03.38 takes two or three messages for one; these accents are not there.
FOR_TEXTING = str.maketrans("áíóúÁÍÓÚ", "aiouAIOU")


def day_said(at: datetime, zone: str, language: str) -> str:
    """Return the day of an instant on a clock: `Tuesday, Dec 1`, `martes 1 dic`."""
    local = at.astimezone(ZoneInfo(zone))
    spoken = language if language in DAYS else "en"
    day, month = DAYS[spoken][local.weekday()], MONTHS[spoken][local.month - 1]
    return f"{day} {local.day} {month}" if spoken == "es" else f"{day}, {month} {local.day}"


def time_said(at: datetime, zone: str, language: str) -> str:
    """Return the time of an instant on a clock: `3:05 PM`, `3:05 p. m.`."""
    local = at.astimezone(ZoneInfo(zone))
    half = "AM" if local.hour < 12 else "PM"
    if language == "es":
        half = "a. m." if local.hour < 12 else "p. m."
    return f"{local.hour % 12 or 12}:{local.minute:02} {half}"


def as_texted(text: str) -> str:
    """Return a text in letters that phones have always had, where those say the same."""
    return text.translate(FOR_TEXTING)
