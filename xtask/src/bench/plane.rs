//! Many components applied to a plane without containers.

use super::BenchArgs;
use super::control_plane::ControlPlane;
use super::figure::{Budget, Figure, Report};
use super::load;
use super::process::{Process, Rest, megabytes};
use anyhow::{Context, Result};
use std::time::{Duration, Instant};

/// What each component has on its plane.
const MANIFESTS: &[&str] = &["Deployment", "Service", "HTTPRoute"];

/// How often it is looked whether all is there.
const LOOK: Duration = Duration::from_millis(20);

/// Measures the first of the numbers asked for.
pub(super) fn run(args: &BenchArgs) -> Result<Report> {
    let count = *args.components.first().context("--components names no number")?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure(args, count))
}

async fn measure(args: &BenchArgs, count: usize) -> Result<Report> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let plane = ControlPlane::start(folder.path()).await?;
    load::projects(&plane.client, args.projects).await?;
    let before = plane.quiet().await;
    let process = Process::own();
    let (resident, spent, requests) = (process.resident()?, process.spent()?, plane.requests.all());
    let (writes, by_resource) = (plane.requests.writes(), plane.requests.by_resource());

    let begun = Instant::now();
    load::components(&plane.client, count, args.projects).await?;
    let applied = begun.elapsed();
    while plane.on_plane(MANIFESTS) < count {
        tokio::time::sleep(LOOK).await;
    }
    let materialised = begun.elapsed();
    let after = plane.quiet().await;
    let grown = process.resident()?.saturating_sub(resident);
    let spent = process.spent()?.saturating_sub(spent);

    let each = |total: f64| total / count as f64;
    let named = |what: &str| format!("{count} components: {what}");
    let mut report = Report::default();
    let per_second = count as f64 / materialised.as_secs_f64();
    report.add(Figure::once(named("releases on the plane"), per_second, "/s").within(Budget::AtLeast(200.0)));
    report.add(Figure::once(named("all applied after"), applied.as_secs_f64(), "s"));
    report.add(Figure::once(named("processor time each"), each(spent.as_secs_f64() * 1e3), "ms"));
    let memory = each(grown as f64 / 1e3);
    report.add(Figure::once(named("memory each, store and caches"), memory, "KB").within(Budget::AtMost(100.0)));
    let asked = each((plane.requests.all() - requests) as f64);
    report.add(Figure::once(named("requests each"), asked, "").within(Budget::AtMost(12.0)));
    let asked = each((plane.requests.writes() - writes) as f64);
    report.add(Figure::once(named("of these writes"), asked, ""));
    for (what, total) in plane.requests.by_resource() {
        let during = total - by_resource.get(&what).copied().unwrap_or(0);
        if during > 0 {
            report.add(Figure::once(named(&format!("… {what}")), each(during as f64), ""));
        }
    }
    report.add(Figure::once(named("runs of functions each"), each((after.runs - before.runs) as f64), ""));
    let took = after.run_time.saturating_sub(before.run_time);
    report.add(Figure::once(named("time in functions each"), each(took.as_secs_f64() * 1e3), "ms"));
    report.add(Figure::once(named("failed writes"), (after.failures - before.failures) as f64, ""));
    report.add(Figure::once(named("resident in all"), megabytes(process.resident()?), "MB"));

    let rest = Rest::begin(process)?;
    let (requests, runs) = (plane.requests.all(), plane.engine.metrics().runs);
    tokio::time::sleep(Duration::from_secs(args.rest)).await;
    let percent = rest.percent()?;
    let asked = (plane.requests.all() - requests) as f64;
    report.add(Figure::once(named("requests at rest"), asked, "").within(Budget::AtMost(0.0)));
    let runs = (plane.engine.metrics().runs - runs) as f64;
    report.add(Figure::once(named("runs of functions at rest"), runs, ""));
    report.add(Figure::once(named("CPU at rest"), percent, "% of a core").within(Budget::AtMost(1.0)));
    for key in plane.engine.snapshot().unsettled.iter().filter(|key| key.failure.is_some()).take(3) {
        report.skip(format!("{} {}: {}", key.controller, key.key, key.failure.as_deref().unwrap_or_default()));
    }
    plane.stop().await;
    Ok(report)
}
