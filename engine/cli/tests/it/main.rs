//! The command line's own files: settings, and the schemas that editors check them with.

mod diff;
mod doctor;
mod documents;
mod explain;
mod fmt;
mod loading;
mod new;
mod scenarios;
mod settings;
