-- +goose Up
-- The place that was given away last at each gate of a trunk: when that call may begin, and when the place was asked
-- for, both by the database's clock. Those of long ago are deleted.
CREATE TABLE gate (
  name  TEXT PRIMARY KEY,
  at    BIGINT NOT NULL,
  asked BIGINT NOT NULL
);
CREATE INDEX gate_at ON gate (at);

-- Trunks that fail. door, where the trunk leads and as whom, is sealed.
CREATE TABLE failed_trunk (
  name   TEXT PRIMARY KEY,
  door   BYTEA NOT NULL,
  health TEXT NOT NULL
);
