-- id: note
-- title: A note as one value
-- description: Code, count and text in a struct, for statements that count for several notes at once.
-- argument code: the code of the note, in docs/notes.md
-- argument figure: the count
-- argument words: the text

named_struct('code', code, 'count', CAST(figure AS BIGINT), 'text', CAST(words AS VARCHAR))
