-- +goose Up
-- How apps verify the telephones of their users. settings is JSON.
CREATE TABLE verify_service (
  nr       INTEGER PRIMARY KEY AUTOINCREMENT,
  sid      TEXT NOT NULL UNIQUE,
  account  TEXT NOT NULL,
  name     TEXT NOT NULL,
  settings TEXT NOT NULL,
  created  BIGINT NOT NULL,
  updated  BIGINT NOT NULL
);
CREATE INDEX verify_service_account ON verify_service (account, nr);

-- Codes that were told to somebody on the telephone. code is sealed; tellings is JSON. One of a service and number is
-- open at most.
CREATE TABLE verify_code (
  nr       INTEGER PRIMARY KEY AUTOINCREMENT,
  sid      TEXT NOT NULL UNIQUE,
  service  TEXT NOT NULL,
  account  TEXT NOT NULL,
  number   TEXT NOT NULL,
  code     BLOB NOT NULL,
  status   TEXT NOT NULL,
  checks   BIGINT NOT NULL,
  tellings TEXT NOT NULL,
  version  BIGINT NOT NULL,
  created  BIGINT NOT NULL,
  updated  BIGINT NOT NULL
);
CREATE UNIQUE INDEX verify_code_open ON verify_code (service, number) WHERE status IN ('pending', 'max_attempts_reached');
CREATE INDEX verify_code_number ON verify_code (account, number, updated);
CREATE INDEX verify_code_updated ON verify_code (updated);

-- Who is told when an account has used so much. period is the one in which it fired last.
CREATE TABLE usage_trigger (
  nr        INTEGER PRIMARY KEY AUTOINCREMENT,
  sid       TEXT NOT NULL UNIQUE,
  account   TEXT NOT NULL,
  name      TEXT NOT NULL,
  category  TEXT NOT NULL,
  by_field  TEXT NOT NULL,
  value     TEXT NOT NULL,
  recurring TEXT NOT NULL,
  url       TEXT NOT NULL,
  method    TEXT NOT NULL,
  fired     BIGINT NOT NULL,
  period    TEXT NOT NULL,
  created   BIGINT NOT NULL,
  updated   BIGINT NOT NULL
);
CREATE INDEX usage_trigger_account ON usage_trigger (account, nr);

ALTER TABLE charge ADD COLUMN inbound BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE charge SET inbound = TRUE WHERE call IN (SELECT sid FROM call WHERE direction = 'inbound');
CREATE INDEX charge_account ON charge (account, at);
CREATE INDEX message_used ON message (account, created);
CREATE INDEX recording_used ON recording (account, created);
