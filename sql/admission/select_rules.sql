-- The user's rules of what is a seat, in the order of the user's tab. Rows: one per rule.
select marketplace, venue, section_pattern, admission
from admission_rules
order by position
