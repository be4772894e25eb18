-- id: goes_by
-- title: Whether a principal has a name
-- description: True for its ARN and for the last part of it.
-- argument principal: the ARN, or what stands for one
-- argument name: the name, as it was typed

principal = name OR split_part(principal, '/', -1) = name
