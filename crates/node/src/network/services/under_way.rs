//! Requests under way, by endpoint: a pod that is about to stop is waited for until it has answered them.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// Counts what is under way.
#[derive(Debug, Default)]
pub struct UnderWay {
    counts: Mutex<HashMap<SocketAddr, usize>>,
    /// Rings when an endpoint has nothing under way any more.
    ended: watch::Sender<()>,
}

/// One request under way, until dropped.
#[derive(Debug)]
pub struct Errand {
    endpoint: SocketAddr,
    under_way: Arc<UnderWay>,
}

impl UnderWay {
    /// Counts a request to `endpoint`. Whoever then finds the endpoint still ready may send it: a pod that leaves is taken
    /// from the ready ones first and waited for after that.
    pub fn begin(self: &Arc<Self>, endpoint: SocketAddr) -> Errand {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(endpoint).or_default() += 1;
        Errand { endpoint, under_way: self.clone() }
    }

    /// Returns when nothing is under way to these addresses, on any port.
    pub async fn ended(&self, addresses: &[IpAddr]) {
        let mut ended = self.ended.subscribe();
        let any = || {
            let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            counts.keys().any(|endpoint| addresses.contains(&endpoint.ip()))
        };
        while any() {
            if ended.changed().await.is_err() {
                return;
            }
        }
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        let mut counts = self.under_way.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(count) = counts.get_mut(&self.endpoint) else { return };
        *count -= 1;
        if *count == 0 {
            counts.remove(&self.endpoint);
            drop(counts);
            self.under_way.ended.send_replace(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_endpoint_is_waited_for_until_its_last_request_ended_and_others_are_not() {
        let under_way = Arc::new(UnderWay::default());
        let pod: SocketAddr = "10.0.0.2:80".parse().expect("an address");
        let (one, two) = (under_way.begin(pod), under_way.begin(pod));
        under_way.ended(&["10.0.0.3".parse().expect("an address")]).await;
        let waiting = {
            let under_way = under_way.clone();
            tokio::spawn(async move { under_way.ended(&[pod.ip()]).await })
        };
        drop(one);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(two);
        waiting.await.expect("it ends");
    }
}
