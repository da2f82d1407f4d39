//! The program as its users run it, against the real API over an API server in process.

mod apply;
mod bad_files;
mod check;
mod command_line;
mod component;
mod gather;
mod offline;
mod plane;
mod project;
mod render;
mod why;
