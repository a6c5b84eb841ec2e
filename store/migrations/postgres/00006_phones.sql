-- +goose Up
-- Phones that are registered here: where each can be called, and till when.
CREATE TABLE contact (
  id      TEXT PRIMARY KEY,
  node    TEXT NOT NULL,
  expires BIGINT NOT NULL,
  body    TEXT NOT NULL
);

-- SIP domains, credential lists, access lists, what is in them and what ties them together, as made over the API.
CREATE TABLE sip_resource (
  nr      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id      TEXT NOT NULL UNIQUE,
  account TEXT NOT NULL,
  kind    TEXT NOT NULL,
  parent  TEXT NOT NULL,
  name    TEXT NOT NULL,
  body    BYTEA NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL
);
