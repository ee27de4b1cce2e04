//! The definitions that are part of the binary, so that it serves them wherever it stands.

macro_rules! files {
    ($($path:literal,)+) => {
        /// Every file, by its path here.
        pub(crate) const FILES: &[(&str, &str)] = &[$(($path, include_str!($path)),)+];
    };
}

files! {
    "common.yaml",
    "district.sql",
    "homeroom.yaml",
    "gradebook/namespace.yaml",
    "gradebook/tests.yaml",
    "notifications/namespace.yaml",
    "notifications/tests.yaml",
    "attendance/namespace.yaml",
    "attendance/tests.yaml",
    "messaging/namespace.yaml",
    "messaging/tests.yaml",
    "live-class/namespace.yaml",
    "live-class/tests.yaml",
    "assessment/namespace.yaml",
    "assessment/tests.yaml",
}
