//! What steps do to the world outside: writes, refusals, joins; found by walking them, calls included.

use homeroom_definition::Span;
use homeroom_definition::model::{Procedure, Step};

/// Finds a procedure by its name.
pub(crate) type Find<'f, 'a> = &'f dyn Fn(&str) -> Option<&'a Procedure>;

/// How deep calls are followed; circles are told elsewhere.
const CALLS_MAX: usize = 16;

/// A refusal that may come after something was remembered.
pub(crate) struct LateRefusal {
    pub(crate) refusal: Span,
    pub(crate) write: Span,
}

/// Whether the steps write to the database, anywhere below.
pub(crate) fn executes(steps: &[Step], find: Find<'_, '_>) -> bool {
    any(steps, find, 0, &|step| matches!(step, Step::Execute(_)))
}

/// Whether the steps enter rooms, anywhere below.
pub(crate) fn joins(steps: &[Step], find: Find<'_, '_>) -> bool {
    any(steps, find, 0, &|step| matches!(step, Step::Join(_)))
}

fn any(steps: &[Step], find: Find<'_, '_>, depth: usize, is: &dyn Fn(&Step) -> bool) -> bool {
    steps.iter().any(|step| is(step) || (depth < CALLS_MAX && any(below(step, find), find, depth + 1, is)))
}

/// The steps inside a step.
fn below<'s, 'a: 's>(step: &'s Step, find: Find<'_, 'a>) -> &'s [Step] {
    match step {
        Step::Block(block) => &block.body,
        Step::Each(each) => &each.body,
        Step::Call(call) => find(&call.target.value).map_or(&[], |procedure| &procedure.body),
        _ => &[],
    }
}

/// Refusals that stand after a write to state in the same steps. What the database was told is undone with the event.
pub(crate) fn refusals_after_writes(steps: &[Step], find: Find<'_, '_>) -> Vec<LateRefusal> {
    let (mut wrote, mut late) = (None, Vec::new());
    walk(steps, find, 0, &mut wrote, &mut late, None);
    late
}

fn walk(
    steps: &[Step],
    find: Find<'_, '_>,
    depth: usize,
    wrote: &mut Option<Span>,
    late: &mut Vec<LateRefusal>,
    caller: Option<Span>,
) {
    for step in steps {
        if let (Some(refusal), Some(write)) = (may_refuse(step), *wrote) {
            late.push(LateRefusal { refusal: caller.unwrap_or(refusal), write });
        }
        if depth < CALLS_MAX {
            let caller = match step {
                Step::Call(call) => caller.or(Some(call.target.span)),
                _ => caller,
            };
            walk(below(step, find), find, depth + 1, wrote, late, caller);
        }
        if let Some(write) = writes(step) {
            wrote.get_or_insert(write);
        }
    }
}

fn writes(step: &Step) -> Option<Span> {
    match step {
        Step::Put(step) => Some(step.span),
        Step::Add(step) => Some(step.span),
        Step::Push(step) => Some(step.span),
        Step::Increment(step) => Some(step.span),
        Step::Take(step) => Some(step.span),
        Step::Clear(step) => Some(step.span),
        _ => None,
    }
}

fn may_refuse(step: &Step) -> Option<Span> {
    let otherwise = match step {
        Step::Refuse(step) => return Some(step.span),
        Step::Join(step) if step.otherwise.is_none() => return Some(step.span),
        Step::Join(step) => step.otherwise.as_ref(),
        Step::Leave(step) => step.otherwise.as_ref(),
        Step::Put(step) => step.otherwise.as_ref(),
        Step::Get(step) => step.otherwise.as_ref(),
        Step::Add(step) => step.otherwise.as_ref(),
        Step::Push(step) => step.otherwise.as_ref(),
        Step::All(step) => step.otherwise.as_ref(),
        Step::Has(step) => step.otherwise.as_ref(),
        Step::Count(step) => step.otherwise.as_ref(),
        Step::Clear(step) => step.otherwise.as_ref(),
        Step::Take(step) => step.otherwise.as_ref(),
        Step::Query(step) => step.otherwise.as_ref(),
        Step::Execute(step) => step.otherwise.as_ref(),
        Step::Each(step) => step.otherwise.as_ref(),
        Step::Call(step) => step.otherwise.as_ref(),
        Step::Emit(_) | Step::Increment(_) | Step::Let(_) | Step::Block(_) => None,
    };
    otherwise.filter(|word| !matches!(word.value.as_str(), "stop" | "continue")).map(|word| word.span)
}
