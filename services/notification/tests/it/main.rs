//! The whole service through its client, the bus and a folder of mail.

mod delivering;
mod desk;
mod reading;
mod telling;
