//! The rooms of `common.yaml`, asked for by names that clients make up: `tests/tenants`.

use homeroom_cli::scenario::{self, Theatre};
use homeroom_definition::render::Look;
use homeroom_tests::bundled;

#[tokio::test]
async fn nobody_talks_their_way_into_the_room_of_a_tenant() {
    let texts = bundled::with_tenants().expect("the files can be read");
    let mut loaded = bundled::load(&texts).await;
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics.sorted());
    let plan = loaded.plan.clone().expect("they compile");
    let settings = loaded.settings.as_ref().expect("there are settings").limits.clone();
    let source = loaded.sources.find("tenants/tests.yaml").expect("there are scenarios");
    let file = scenario::read(&loaded.sources, source, &plan, &mut loaded.diagnostics).expect("they can be read");
    let theatre = Theatre::new(plan, bundled::hooks(), settings, &loaded.sources);
    for played in theatre.play(source, &file).await {
        assert!(played.outcome.is_ok(), "{}", played.told(&loaded.sources, Look::Plain));
    }
}
