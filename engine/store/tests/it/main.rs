//! The stores from outside.

mod bus;
mod cache;
mod claims;
mod databases;
mod faults;
mod history;
mod house;
mod limits;
mod outbox;
mod postgres;
mod presence;
mod presence_model;
mod published;
mod servers;
mod sql;
mod state;
mod ways;
