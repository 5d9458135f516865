//! Which steps lead to another secret, from wherever an earlier run has stopped.

/// The steps, in this order.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The API admits the secrets with these digests and no others.
    Admit(Vec<String>),
    /// The front sends the new secret.
    Send,
}

impl Step {
    pub(super) fn text(&self) -> &'static str {
        match self {
            Self::Admit(digests) if digests.len() > 1 => {
                "the API admits what the front sends, and a new secret"
            }
            Self::Admit(_) => "the API admits what the front then sends, and no other secret",
            Self::Send => "the front sends the new secret, in all places of CloudFront",
        }
    }
}

/// The steps, and why it is those.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) why: &'static str,
    pub(super) steps: Vec<Step>,
}

impl Plan {
    /// From the digests that the API admits, oldest first, that of the secret which the front
    /// sends, and that of a new one.
    pub(super) fn of(admitted: &str, sent: &str, new: &str) -> Self {
        let admitted: Vec<&str> = admitted.split(',').filter(|digest| !digest.is_empty()).collect();
        let only = |digest: &str| Step::Admit(vec![digest.to_owned()]);
        match admitted.as_slice() {
            [] => Self {
                why: "The API requires no front yet. From then on it gives 403 to what does not come through this one.",
                steps: vec![only(sent)],
            },
            [_, newest] if *newest == sent => Self {
                why: "The front sends the new secret already; an earlier run was interrupted after that.",
                steps: vec![only(sent)],
            },
            // A second digest is one of a secret that never got to the front: no request has it.
            [first, ..] if *first == sent => Self {
                why: "A new secret replaces the one that the front sends.",
                steps: vec![Step::Admit(vec![sent.to_owned(), new.to_owned()]), Step::Send, only(new)],
            },
            _ => Self {
                why: "The API does not admit what this front sends: all of its callers get 403. From then on it does.",
                steps: vec![only(sent)],
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(digests: &[&str]) -> Step {
        Step::Admit(digests.iter().map(|digest| (*digest).to_owned()).collect())
    }

    #[test]
    fn what_the_front_sends_is_admitted_before_and_after_each_step() {
        for admitted in ["", "a", "b", "a,b", "b,a", "b,c"] {
            let plan = Plan::of(admitted, "a", "n");
            let (mut sent, mut now): (&str, Vec<String>) =
                ("a", admitted.split(',').map(str::to_owned).collect());
            for (n, step) in plan.steps.iter().enumerate() {
                match step {
                    Step::Admit(digests) => now.clone_from(digests),
                    Step::Send => sent = "n",
                }
                assert!(now.iter().any(|digest| digest == sent), "{admitted}, step {n}: {now:?}");
                assert!(now.len() <= 2, "{admitted}: {now:?}");
                // While it is being sent, either may arrive.
                if *step == Step::Send {
                    assert_eq!(now, ["a", "n"], "{admitted}");
                }
            }
            assert_eq!(now, [sent], "{admitted}");
        }
    }

    #[test]
    fn a_run_goes_on_where_an_earlier_one_stopped() {
        let replaced = vec![admit(&["a", "n"]), Step::Send, admit(&["n"])];
        assert_eq!(Plan::of("a", "a", "n").steps, replaced);
        assert_eq!(Plan::of("a,lost", "a", "n").steps, replaced);
        assert_eq!(Plan::of("old,a", "a", "n").steps, [admit(&["a"])]);
        assert_eq!(Plan::of("", "a", "n").steps, [admit(&["a"])]);
        assert_eq!(Plan::of("x,y", "a", "n").steps, [admit(&["a"])]);
    }
}
