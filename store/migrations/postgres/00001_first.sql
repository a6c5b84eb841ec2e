-- +goose Up
-- Times are milliseconds since 1970 UTC, 0 is no time. nr is the order in which rows came to be.
-- Both dialects have the same tables, columns and unique keys; a test compares them.

CREATE TABLE counter (
  name  TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO counter (name, value) VALUES ('event', 0), ('fence', 0);

CREATE TABLE node (
  name        TEXT PRIMARY KEY,
  address     TEXT NOT NULL,
  fence       BIGINT NOT NULL,
  joined      BIGINT NOT NULL,
  lease_until BIGINT NOT NULL
);

-- What senders sent. hash is of source and id, which may be longer than a key can be.
CREATE TABLE delivery (
  hash     TEXT PRIMARY KEY,
  id       TEXT NOT NULL,
  source   TEXT NOT NULL,
  kind     TEXT NOT NULL,
  raw      BYTEA,
  header   TEXT NOT NULL,
  remote   TEXT NOT NULL,
  received BIGINT NOT NULL,
  stored   BIGINT NOT NULL
);
CREATE INDEX delivery_stored ON delivery (stored);

-- hash is of source and key.
CREATE TABLE incident (
  nr       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id       TEXT NOT NULL UNIQUE,
  hash     TEXT NOT NULL,
  status   TEXT NOT NULL,
  alert    TEXT NOT NULL,
  repeats  BIGINT NOT NULL,
  callout  TEXT NOT NULL,
  taken_by TEXT NOT NULL,
  opened   BIGINT NOT NULL,
  updated  BIGINT NOT NULL,
  resolved BIGINT NOT NULL,
  delivery TEXT NOT NULL
);
CREATE INDEX incident_key ON incident (hash, nr);
CREATE UNIQUE INDEX incident_open ON incident (hash) WHERE status IN ('stored', 'acknowledged', 'exhausted');

CREATE TABLE callout (
  nr       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id       TEXT NOT NULL UNIQUE,
  incident TEXT NOT NULL,
  plan     TEXT NOT NULL,
  state    TEXT NOT NULL,
  active   BOOLEAN NOT NULL,
  due      BIGINT NOT NULL,
  version  BIGINT NOT NULL,
  owner    TEXT NOT NULL,
  fence    BIGINT NOT NULL,
  created  BIGINT NOT NULL,
  updated  BIGINT NOT NULL
);
CREATE INDEX callout_active ON callout (owner, due) WHERE active;

CREATE TABLE attempt (
  nr       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id       TEXT NOT NULL UNIQUE,
  callout  TEXT NOT NULL,
  incident TEXT NOT NULL,
  person   TEXT NOT NULL,
  address  TEXT NOT NULL,
  line     TEXT NOT NULL,
  call     TEXT NOT NULL,
  trunk    TEXT NOT NULL,
  status   TEXT NOT NULL,
  cause    TEXT NOT NULL,
  digit    TEXT NOT NULL,
  node     TEXT NOT NULL,
  fence    BIGINT NOT NULL,
  target   BYTEA,
  remains  BYTEA,
  dialed   BIGINT NOT NULL,
  rang     BIGINT NOT NULL,
  answered BIGINT NOT NULL,
  ended    BIGINT NOT NULL
);
CREATE INDEX attempt_call ON attempt (call);
CREATE INDEX attempt_callout ON attempt (callout, nr);
CREATE INDEX attempt_underway ON attempt (node) WHERE ended = 0;

CREATE TABLE place (
  plan  TEXT NOT NULL,
  step  BIGINT NOT NULL,
  place BIGINT NOT NULL,
  PRIMARY KEY (plan, step)
);

CREATE TABLE event (
  seq      BIGINT NOT NULL PRIMARY KEY,
  at       BIGINT NOT NULL,
  kind     TEXT NOT NULL,
  incident TEXT NOT NULL,
  callout  TEXT NOT NULL,
  person   TEXT NOT NULL,
  attempt  TEXT NOT NULL,
  call     TEXT NOT NULL,
  cause    TEXT NOT NULL,
  digit    TEXT NOT NULL,
  text     TEXT NOT NULL
);
CREATE INDEX event_incident ON event (incident, seq);

-- A deleted call keeps its row without content, so that a list can be continued after it.
CREATE TABLE call (
  nr           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sid          TEXT NOT NULL UNIQUE,
  account      TEXT NOT NULL,
  parent       TEXT NOT NULL,
  direction    TEXT NOT NULL,
  from_address TEXT NOT NULL,
  to_address   TEXT NOT NULL,
  status       TEXT NOT NULL,
  cause        TEXT NOT NULL,
  sip_status   BIGINT NOT NULL,
  trunk        TEXT NOT NULL,
  attempt      TEXT NOT NULL,
  answered_by  TEXT NOT NULL,
  program      TEXT NOT NULL,
  callback     TEXT NOT NULL,
  callback_seq BIGINT NOT NULL,
  created      BIGINT NOT NULL,
  updated      BIGINT NOT NULL,
  started      BIGINT NOT NULL,
  answered     BIGINT NOT NULL,
  ended        BIGINT NOT NULL,
  node         TEXT NOT NULL,
  remains      BYTEA,
  deleted      BOOLEAN NOT NULL
);
CREATE INDEX call_account ON call (account, nr);
CREATE INDEX call_to ON call (to_address, nr);
CREATE INDEX call_from ON call (from_address, nr);
CREATE INDEX call_parent ON call (parent, nr) WHERE parent <> '';
CREATE INDEX call_started ON call (started);
CREATE INDEX call_underway ON call (status, nr) WHERE ended = 0;

-- Status callbacks that nobody has confirmed to be delivered. job: the net has taken it up.
CREATE TABLE post (
  nr      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id      TEXT NOT NULL UNIQUE,
  account TEXT NOT NULL,
  call    TEXT NOT NULL,
  method  TEXT NOT NULL,
  url     TEXT NOT NULL,
  params  TEXT NOT NULL,
  due     BIGINT NOT NULL,
  job     BOOLEAN NOT NULL
);
CREATE INDEX post_due ON post (due) WHERE NOT job;

-- token is sealed.
CREATE TABLE account (
  nr      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sid     TEXT NOT NULL UNIQUE,
  name    TEXT NOT NULL,
  token   BYTEA NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL
);

-- text is sealed.
CREATE TABLE document (
  nr   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  text BYTEA NOT NULL,
  UNIQUE (kind, name)
);

-- Sessions and one-time logins of the console: found by the hash of a secret, never the secret.
CREATE TABLE ticket (
  kind    TEXT NOT NULL,
  hash    TEXT NOT NULL,
  data    TEXT NOT NULL,
  expires BIGINT NOT NULL,
  PRIMARY KEY (kind, hash)
);
CREATE INDEX ticket_expires ON ticket (expires);
