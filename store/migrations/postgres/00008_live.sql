-- +goose Up
-- Queues: who waits in one is known to the process in which they wait.
CREATE TABLE queue (
  nr      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sid     TEXT NOT NULL UNIQUE,
  account TEXT NOT NULL,
  name    TEXT NOT NULL,
  most    BIGINT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  UNIQUE (account, name)
);

-- Conferences, those too that are over.
CREATE TABLE conference (
  nr       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sid      TEXT NOT NULL UNIQUE,
  account  TEXT NOT NULL,
  name     TEXT NOT NULL,
  status   TEXT NOT NULL,
  created  BIGINT NOT NULL,
  updated  BIGINT NOT NULL,
  reason   TEXT NOT NULL,
  ended_by TEXT NOT NULL,
  node     TEXT NOT NULL
);
CREATE INDEX conference_account ON conference (account, nr);
CREATE INDEX conference_name ON conference (account, name, nr);
CREATE INDEX conference_open ON conference (node) WHERE status <> 'completed';
