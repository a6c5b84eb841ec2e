-- +goose Up
-- What a document said before, newest last, for kinds of which versions are kept. text is sealed.
CREATE TABLE document_version (
  nr      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind    TEXT NOT NULL,
  name    TEXT NOT NULL,
  text    BYTEA NOT NULL,
  applied BIGINT NOT NULL
);
CREATE INDEX document_version_of ON document_version (kind, name, nr);
