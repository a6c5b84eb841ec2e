-- +goose Up
-- What a document said before, newest last, for kinds of which versions are kept. text is sealed.
CREATE TABLE document_version (
  nr      INTEGER PRIMARY KEY AUTOINCREMENT,
  kind    TEXT NOT NULL,
  name    TEXT NOT NULL,
  text    BLOB NOT NULL,
  applied BIGINT NOT NULL
);
CREATE INDEX document_version_of ON document_version (kind, name, nr);
