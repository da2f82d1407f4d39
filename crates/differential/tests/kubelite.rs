//! kubelite answers as the real server did.

use differential::{run, server::Embedded};

#[tokio::test(flavor = "multi_thread")]
async fn requests_and_broken_objects_are_answered_as_by_kubernetes() {
    let embedded = Embedded::start().await.expect("kubelite starts");
    let report = run::check(&embedded.server, &run::Choice::default()).await.expect("everything is played");
    embedded.stop().await;
    for what in &report.skipped {
        println!("skipped: {what}");
    }
    assert!(report.differences.is_empty(), "{report}");
    assert!(report.idle.is_empty(), "rows of excuses.yaml that nothing needs: {:#?}", report.idle);
    assert!(report.excuses <= 15, "{} rows of excuses", report.excuses);
}
