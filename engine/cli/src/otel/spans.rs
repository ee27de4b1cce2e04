//! Spans as OTLP has them in JSON.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use homeroom_runtime::TraceId;
use homeroom_runtime::spans::{Span, SpanKind};
use serde_json::{Value, json};

/// Kinds and statuses of OTLP.
const INTERNAL: u8 = 1;
const SERVER: u8 = 2;
const CONSUMER: u8 = 5;
const OK: u8 = 1;
const ERROR: u8 = 2;

/// Who tells.
pub(super) struct Resource {
    attributes: Value,
    /// Tells spans of this server from those of others that have heard the same.
    instance: u64,
}

impl Resource {
    pub(super) fn new(service: &str) -> Self {
        let id = uuid::Uuid::new_v4();
        let attributes = json!([
            text("service.name", service),
            text("service.version", env!("CARGO_PKG_VERSION")),
            text("service.instance.id", &id.to_string()),
        ]);
        Self { attributes, instance: id.as_u64_pair().1 }
    }

    /// A request that tells of these.
    pub(super) fn written(&self, spans: &[Span]) -> Value {
        let spans: Vec<Value> = spans.iter().flat_map(|span| self.span(span)).collect();
        json!({ "resourceSpans": [{
            "resource": { "attributes": self.attributes },
            "scopeSpans": [{ "scope": { "name": "homeroom" }, "spans": spans }],
        }] })
    }

    /// A span, and those of its stages.
    fn span(&self, span: &Span) -> Vec<Value> {
        let (kind, id, parent) = match span.kind {
            SpanKind::Event | SpanKind::Backend => (SERVER, span.trace.0, None),
            SpanKind::Heard => (CONSUMER, span.trace.0 ^ self.instance, Some(span.trace.0)),
        };
        let attributes = json!([
            text("homeroom.namespace", &span.namespace),
            text("homeroom.event", &span.event),
            text("homeroom.outcome", &span.outcome),
        ]);
        let name = match span.kind {
            SpanKind::Event => span.event.to_string(),
            SpanKind::Backend => format!("service {}", span.event),
            SpanKind::Heard => format!("heard {}", span.event),
        };
        let is_ours = matches!(&*span.outcome, "INTERNAL" | "UNAVAILABLE" | "TIMEOUT");
        let mut own = shape(span.trace, id, &name, kind, span.began, span.took);
        own["attributes"] = attributes;
        own["status"] = json!({ "code": if is_ours { ERROR } else { OK } });
        if let Some(parent) = parent {
            own["parentSpanId"] = hex(parent).into();
        }
        let mut all = vec![own];
        let mut began = span.began;
        for (number, (stage, took)) in (1..).zip(&span.stages) {
            let mut of_stage = shape(span.trace, id.wrapping_add(number), stage, INTERNAL, began, *took);
            of_stage["parentSpanId"] = hex(id).into();
            all.push(of_stage);
            began += *took;
        }
        all
    }
}

fn shape(trace: TraceId, id: u64, name: &str, kind: u8, began: SystemTime, took: Duration) -> Value {
    json!({
        // The id that the log has, made as long as a trace's is.
        "traceId": format!("{:016x}{trace}", trace.0.rotate_left(32)),
        "spanId": hex(id),
        "name": name,
        "kind": kind,
        "startTimeUnixNano": nanos(began),
        "endTimeUnixNano": nanos(began + took),
    })
}

/// Zero would be no id.
fn hex(id: u64) -> String {
    format!("{:016x}", id.max(1))
}

/// Numbers of 64 bits are texts in JSON.
fn nanos(time: SystemTime) -> String {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_follow_each_other_below_their_event() {
        let span = Span {
            trace: TraceId(7),
            kind: SpanKind::Event,
            namespace: "/a".into(),
            event: "e".into(),
            outcome: "TIMEOUT".into(),
            began: UNIX_EPOCH + Duration::from_secs(1),
            took: Duration::from_micros(5),
            stages: vec![("bound", Duration::from_micros(2)), ("act", Duration::from_micros(3))],
        };
        let written = Resource::new("homeroom").written(&[span]);
        let spans = written["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans");
        assert_eq!(spans.len(), 3);
        assert_eq!(spans[0]["traceId"], "00000007000000000000000000000007");
        assert_eq!(spans[0]["status"]["code"], 2);
        assert_eq!(spans[2]["parentSpanId"], spans[0]["spanId"]);
        assert_eq!(
            (&spans[2]["startTimeUnixNano"], &spans[2]["endTimeUnixNano"]),
            (&json!("1000002000"), &json!("1000005000"))
        );
    }
}
