//! The documentation for programs: `/llms.txt`, a map of the pages as <https://llmstxt.org> has it,
//! and `/llms-full.txt`, all pages one after another.
//!
//! A page is described by its first sentence, so the map says nothing that the page does not.

use axum::{Router, routing::get};

use super::files::doc;

/// Pages for one kind of reader.
struct Chapter {
    title: &'static str,
    /// Their files in `docs/`, in the order of reading.
    pages: &'static [&'static str],
}

const CHAPTERS: [Chapter; 3] = [
    Chapter {
        title: "Use it",
        pages: &[
            "skills/add-card-payments/SKILL.md",
            "api.md",
            "cards.md",
            "retries.md",
            "errors.md",
            "decline-codes.md",
            "credit-card.md",
            "scheduled-capture.md",
            "elastic-path.md",
            "events.md",
            "webhooks.md",
            "reference/sdk.md",
        ],
    },
    Chapter {
        title: "Run it",
        pages: &[
            "deploy.md",
            "front.md",
            "first-day.md",
            "merchants.md",
            "people.md",
            "console.md",
            "reports.md",
            "settlement.md",
            "disputes.md",
            "cli.md",
            "run-book.md",
            "reference/metrics.md",
            "reference/logs.md",
        ],
    },
    Chapter {
        title: "Check it",
        pages: &[
            "reliability.md",
            "performance.md",
            "security.md",
            "reference/pci-dss.md",
            "reference/inventory.md",
            "cardpointe.md",
            "unstated.md",
        ],
    },
];

/// The first lines of the map.
const HEAD: &str = "# Tollgate

> Card payments through CardConnect's CardPointe gateway, on AWS Lambda, with an API for orders and
> one for credit cards. Money moves at most once, and no outcome is guessed.

The local stack runs all of it, gateway included, with `cargo run` in the repository. Its API is at
`http://127.0.0.1:3000`, the gateway's simulator at `http://127.0.0.1:3001`. A program that is to add
card payments needs only the first page.
";

/// The description of the API, which is no page.
const DESCRIPTION: &str =
    "openapi.yaml): The description of both APIs in OpenAPI 3.1: every route, member and error code.";

pub(super) fn router() -> Router {
    Router::new()
        .route("/llms.txt", get(|| async { map("/docs/") }))
        .route("/llms-full.txt", get(|| async { full() }))
}

/// The map. `folder` is put before each file, so that it is found from where the map is served.
fn map(folder: &str) -> String {
    let line = |file: &&str| {
        let page = doc(file)?;
        Some(format!("- [{}]({folder}{file}): {}", page_title(&page), first_sentence(&page)))
    };
    let chapter = |chapter: &Chapter| {
        let lines: Vec<_> = chapter.pages.iter().filter_map(line).collect();
        format!("## {}\n\n{}\n\n", chapter.title, lines.join("\n"))
    };
    let chapters: String = CHAPTERS.iter().map(chapter).collect();
    format!("{HEAD}\n{chapters}## Optional\n\n- [OpenAPI]({folder}{DESCRIPTION}\n")
}

/// All pages one after another, each after its address.
fn full() -> String {
    let files = CHAPTERS.iter().flat_map(|chapter| chapter.pages);
    let pages = files.filter_map(|file| Some(format!("Source: /docs/{file}\n\n{}", doc(file)?)));
    format!("{HEAD}\n{}", pages.collect::<Vec<_>>().join("\n\n"))
}

/// A page without the front matter that a skill has.
fn body(page: &str) -> &str {
    page.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).map_or(page, |(_, body)| body)
}

fn page_title(page: &str) -> &str {
    body(page).lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default()
}

/// The first sentence below the title, without its links.
fn first_sentence(page: &str) -> String {
    let below = body(page).lines().skip_while(|line| !line.starts_with("# ")).skip(1);
    let paragraph = below.skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty());
    let text = without_links(&paragraph.collect::<Vec<_>>().join(" ")).replace("**", "");
    match text.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => text,
    }
}

/// `[text](address)` becomes `text`.
fn without_links(text: &str) -> String {
    let Some((before, link)) = text.split_once('[') else { return text.to_owned() };
    let Some((words, address)) = link.split_once("](") else { return text.to_owned() };
    let after = address.split_once(')').map_or("", |(_, after)| after);
    format!("{before}{words}{}", without_links(after))
}
