-- +goose Up
-- Which node is signed on to a trunk's carrier, for all nodes, and how that stands. It is the node's as long as its lease
-- and its fence last. contact outlives a takeover: the next one takes it away at the carrier.
CREATE TABLE registration (
  trunk   TEXT PRIMARY KEY,
  node    TEXT NOT NULL,
  fence   BIGINT NOT NULL,
  contact TEXT NOT NULL DEFAULT '',
  routes  TEXT NOT NULL DEFAULT '[]',
  state   TEXT NOT NULL DEFAULT '',
  why     TEXT NOT NULL DEFAULT '',
  remedy  TEXT NOT NULL DEFAULT '',
  since   BIGINT NOT NULL DEFAULT 0,
  granted BIGINT NOT NULL DEFAULT 0
);
