-- What the record says is missing; that it says so rightly is checked against the opened notes.
select id as unit, program_id, cardinality(missing_elements) = 0 and signed_at is not null as met
from in_period
