//! Warm requests: processor time and memory of one process.

use local::merchants;

use crate::{
    binaries::Binaries,
    figures::{Figures, number},
    start::ms,
    world::{RequestKind, World},
};

/// Sends requests of each kind, one after the other, of which so many are counted.
pub(crate) async fn measure(world: &World, binaries: &Binaries, counted: usize) -> Result<Figures, String> {
    // Before those that count, for caches and connections.
    let warm_up = counted / 4;
    let all = warm_up + counted;
    let mut figures = Figures::default();
    for kind in RequestKind::ALL {
        let what = kind.function();
        eprintln!("Measuring {what}.");
        let order = |n: usize| format!("warm-{what}-{n}");
        if kind == RequestKind::Purchase {
            world.register((0..all).map(order)).await?;
        }
        let function = world.function(&binaries.path(what)?, merchants::REGISTERED).start().await?;
        figures.set(format!("resident MiB at the first poll, {what}"), function.resident_mib()?);
        for n in 0..warm_up {
            function.invoke_well(&kind.event(&order(n))).await?;
        }
        let before = function.cpu()?;
        for n in warm_up..all {
            function.invoke_well(&kind.event(&order(n))).await?;
            if n + 1 == warm_up + counted / 10 {
                figures.set(format!("resident MiB after a tenth, {what}"), function.resident_mib()?);
            }
        }
        let cpu = function.cpu()?.saturating_sub(before);
        figures.set(format!("resident MiB after all requests, {what}"), function.resident_mib()?);
        figures.set(format!("processor ms, {what}"), ms(cpu) / number(counted));
    }
    Ok(figures)
}
