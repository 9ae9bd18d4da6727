-- jurisdiction: install script, built from src/sql/install in order of name
-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION jurisdiction" to load this file. \quit

