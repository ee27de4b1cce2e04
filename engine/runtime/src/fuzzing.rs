//! Doors for `tests/fuzz`: what strangers hand in, each taken by the function that reads it, and what must hold of whatever it
//! makes of it.

use homeroom_plan::program::Input;
use serde_json::Value;

pub use crate::cluster::fuzzing::frame;
pub use crate::emitter::fuzzing::published;
pub use crate::history::fuzzing::position;
use crate::input::{hear, validate};
use crate::reply;
use crate::settings::RuntimeSettings;

/// The text of an event: what it carries is bounded, and told on it is the same.
pub fn event(text: &str) {
    let settings = RuntimeSettings::default();
    let Ok(heard) = hear(text, &settings) else { return };
    assert!(text.len() <= settings.payload_bytes_max);
    let _ = validate(&Input::Nothing, &heard, 0, &settings);
    let Ok(carried) = validate(&Input::AnyArgs, &heard, 1, &settings) else { return };
    let Some(Value::Array(args)) = carried.args else { panic!("arguments are a list") };
    assert!(args.len() <= settings.arguments_max);
    let told = reply::written(&args, &[]).expect("what came can be told on");
    let packet = match &*told.text {
        "" => format!("[{}]", Value::from(&*heard.name)),
        args => format!("[{},{args}]", Value::from(&*heard.name)),
    };
    let settings = RuntimeSettings { payload_bytes_max: usize::MAX, ..settings };
    let again = hear(&packet, &settings).expect("what is told is an event");
    assert_eq!(again.name, heard.name);
    let again = validate(&Input::AnyArgs, &again, 1, &settings).expect("what is told is as sound");
    assert_eq!(again.args, Some(Value::Array(args)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_knocks_is_answered() {
        event(r#"["a",{"b":[1.5,"\u00e9",null]},7]"#);
        event("[7]");
        frame(&[2, 0]);
        position(&[1, 0, 0, 0, 0, 0, 0, 7]);
        published(b"\x93\xa7emitter\x83\xa4type\x02\xa4data\x91\xa1e\xa3nsp\xa2/a\x80");
    }
}
