"""Business days and note deadlines in SQL, set-based; `common.text.business_deadline` is the same rule for one note."""

REACH_DAYS = 7  # how far before its period a calendar starts: a session may end on the day after its service date

WORDS = (
    "Business days exclude Saturday, Sunday and the agency's holidays, in the agency's zone. A note is due at the end "
    "of the program's last business day after the day on which the session ended; with a deadline of 0 days, at the "
    "end of that day. Signed at 23:59:59 is on time, at 00:00:00 late."
)


def business_days(first: str, last: str) -> str:
    """Return the CTE `day`: rows = the days from `first` to `last` and as many more as the longest deadline needs.

    `n` counts the business days up to and including the day, so the k-th one after a day is the business day whose
    `n` is greater by k. In any 2 (k + h) + 14 days there are k business days, even with h holidays among them.
    """
    return f"""
    day as materialized (
        select c.day, c.business, count(*) filter (where c.business) over (order by c.day) as n
        from (
            select d.day, extract(isodow from d.day) < 6 and not d.day = any(cast(:holidays as date[])) as business
            from (
                select {first} + i as day
                from generate_series(-{REACH_DAYS}, {last} - {first} + {REACH_DAYS} + 14 + 2 * (
                    cardinality(cast(:holidays as date[]))
                    + coalesce((select max(p.note_deadline_business_days)
                                from fact_program p where p.agency_id = :agency), 0))) i
            ) d
        ) c
    )"""


# Joins a session `s` and its program `p` to the day `e` on which it ended and the day `b` on which its note is due.
DUE_DAYS = """
    left join day e on e.day = (s.ended_at at time zone :zone)::date
    left join day b on b.n = e.n + p.note_deadline_business_days
        and case when p.note_deadline_business_days = 0 then b.day = e.day else b.business end
"""
DUE_AT = "cast(b.day + 1 as timestamp) at time zone :zone"  # the first instant that is too late
