//! Reading and deleting objects, the same way for every noun.

mod age;
mod delete;
mod duration;
mod output;
mod read;
mod table;

pub(crate) use delete::{PAUSE, delete, departure, gone};
pub(crate) use duration::duration;
pub(crate) use output::{Format, print, yaml};
pub(crate) use read::{get, list, path_of};
pub(crate) use table::{Table, condition};
