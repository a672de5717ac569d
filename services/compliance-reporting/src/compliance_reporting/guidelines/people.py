"""Two records of one person count as one person, for as long as their merge stands: the same words everywhere."""

WORDS = (
    "Records that were merged are one person, the one they were merged into; undoing the merge makes them two again. "
    "What each record said stays where it was said."
)

# One row for each record that stands for another; of several merges of a record the latest that still stands counts.
SURVIVORS = """
    select distinct on (id) id, survivor_id from (
        select m.merged_id as id, m.survivor_id, m.merged_at from fact_merge m
        where m.agency_id = :agency and m.undone_at is null
        union all
        select unnest(m.moved_ids), m.survivor_id, m.merged_at from fact_merge m
        where m.agency_id = :agency and m.undone_at is null
    ) merged order by id, merged_at desc
"""
