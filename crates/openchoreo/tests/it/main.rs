//! The whole product: the built server as a process, real containers, requests through its gateway.
//!
//! Skipped, with a word why, where containers cannot run; `OPENCHOREO_TEST_FAST=1` skips them everywhere.

mod bad_documents;
mod bad_input;
mod bad_input_table;
mod bakery;
mod cluster;
mod command_line;
mod component_life;
mod crash;
mod down;
mod engine;
mod folders;
mod guestbook;
mod images;
mod ordinary_user;
mod process;
mod remains;
mod restart;
mod sample;
mod server;
mod shop;
mod steady_load;
mod told;
mod web;
mod wreck;
