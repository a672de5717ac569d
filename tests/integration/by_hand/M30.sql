-- One row per person and program; `families` turns an activity into the support that it belongs to.
, families (activity, support) as (
    values
        ('recovery_planning', 'recovery_planning'),
        ('coaching_mentoring', 'coaching_and_mentoring'),
        ('sharing_lived_experience', 'coaching_and_mentoring'),
        ('wellness_checkin', 'coaching_and_mentoring'),
        ('skill_building', 'skills_and_health_education'),
        ('health_education', 'skills_and_health_education'),
        ('naloxone_education', 'skills_and_health_education'),
        ('group_facilitation', 'groups_and_mutual_aid'),
        ('mutual_aid_linkage', 'groups_and_mutual_aid'),
        ('resource_navigation', 'information_and_linkage'),
        ('warm_handoff', 'information_and_linkage'),
        ('benefits_id_help', 'information_and_linkage'),
        ('legal_court_support', 'information_and_linkage'),
        ('advocacy', 'information_and_linkage'),
        ('housing_support', 'housing_support'),
        ('employment_education_support', 'employment_and_education'),
        ('transport', 'transport_and_accompaniment'),
        ('accompaniment', 'transport_and_accompaniment'),
        ('family_support', 'family_support'),
        ('social_recreational', 'social_and_recreational'),
        ('crisis_support', 'crisis_support'),
        ('outreach', 'outreach')
),
had as (
    select s.person_id, s.program_id, families.support
    from in_period s
    left join lateral unnest(s.activities) as named (activity) on true
    left join families on families.activity = named.activity
)
select person_id as unit, program_id, count(support) > 0 as met,
       coalesce(array_agg(distinct support) filter (where support is not null), '{}') as supports
from had
group by person_id, program_id
