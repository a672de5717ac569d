-- Only packs ask for this, and the demo's agency chose none: nobody is judged.
select cast(null as uuid) as unit, cast(null as uuid) as program_id, cast(null as boolean) as met where false
