//! Previews of a surcharge: whether the gateway is called, and for how long.

use super::*;
use crate::payments::{
    NoQuote, SurchargeQuery, SurchargeQuote, Surcharges, Waived, surcharge, trail::follow,
};

/// Responds after three seconds, and keeps how long it could have taken.
#[derive(Default)]
struct Slow(Mutex<Vec<Duration>>);

fn three_percent() -> SurchargeQuote {
    SurchargeQuote { fee: Amount::new(75).unwrap(), waived: None }
}

#[async_trait]
impl Surcharges for Slow {
    async fn quote(
        &self,
        _: &Merchant,
        _: SurchargeQuery<'_>,
        limit: Duration,
    ) -> Result<SurchargeQuote, NoQuote> {
        self.0.lock().unwrap().push(limit);
        tokio::time::sleep(Duration::from_secs(3)).await;
        Ok(three_percent())
    }
}

#[tokio::test(start_paused = true)]
async fn the_gateway_is_asked_only_for_an_account_that_surcharges_and_while_there_is_time() {
    let no_program = SurchargeQuote { fee: Amount::ZERO, waived: Some(Waived::NoProgram) };
    let calls = |n| (n, Duration::from_secs(3) * n);
    for (surcharging, left, quote, asked) in [
        (vec!["1"], KEPT_FOR_OUTCOME + SEND_MIN * 2, Ok(three_percent()), vec![SEND_MIN * 2]),
        (vec!["1"], KEPT_FOR_OUTCOME, Err(NoQuote::Unavailable), vec![]),
        (vec!["2"], KEPT_FOR_OUTCOME + SEND_MIN * 2, Ok(no_program), vec![]),
        (vec![], Duration::ZERO, Ok(no_program), vec![]),
    ] {
        let (gateway, mut merchant) = (Slow::default(), test_merchant("m".parse().unwrap()));
        merchant.policy.surcharging = surcharging.into_iter().map(str::to_owned).collect();
        let route = merchant.route(Currency::USD).unwrap();
        let (currency, amount) = (Currency::USD, Amount::new(2499).unwrap());
        let token = CardToken::parse("9418594164541111").unwrap();
        let query = SurchargeQuery { route: &route, currency, amount, token: &token, postcode: "55555" };
        let request = surcharge(&gateway, &merchant, query, Deadline::after(left));
        let (found, trail) = follow(Box::pin(request)).await;
        assert_eq!(found, quote, "{:?}", merchant.policy.surcharging);
        assert_eq!(*gateway.0.lock().unwrap(), asked);
        assert_eq!((trail.gateway_calls, trail.gateway), calls(u32::try_from(asked.len()).unwrap()));
    }
}
