//! From the bytes of a question to the bytes of an answer; what is not ours is left to the name servers outside.

use std::str::FromStr as _;

use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::SOA;
use hickory_proto::rr::{DNSClass, Name, RData, Record};

use super::zone::{Answer, CLUSTER_DOMAIN, Directory, TTL, answer};

/// How an answer travels, which bounds its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    Udp,
    Tcp,
}

/// What becomes of a question.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// These bytes are the answer.
    Reply(Vec<u8>),
    /// The name is not of the cluster: pass the question on as it is.
    PassOn {
        /// Its id, which the answer must have.
        id: u16,
    },
    /// Not a question; no answer is due.
    Ignore,
}

/// Looks at a question.
pub(super) fn respond(bytes: &[u8], transport: Transport, directory: &impl Directory) -> Outcome {
    let Ok(question) = Message::from_vec(bytes) else { return malformed(bytes) };
    if question.message_type() != MessageType::Query {
        return Outcome::Ignore;
    }
    let mut reply = Message::new();
    reply.set_id(question.id());
    reply.set_message_type(MessageType::Response);
    reply.set_op_code(question.op_code());
    reply.set_recursion_desired(question.recursion_desired());
    reply.set_recursion_available(true);
    reply.add_queries(question.queries().iter().cloned());
    if question.op_code() != OpCode::Query {
        reply.set_response_code(ResponseCode::NotImp);
        return encode(&reply, &question, transport);
    }
    let [query] = question.queries() else {
        reply.set_response_code(ResponseCode::FormErr);
        return encode(&reply, &question, transport);
    };
    if query.query_class() != DNSClass::IN {
        return Outcome::PassOn { id: question.id() };
    }
    match answer(query.name(), query.query_type(), directory) {
        Answer::NotOurs => return Outcome::PassOn { id: question.id() },
        Answer::NoSuchName => {
            reply.set_response_code(ResponseCode::NXDomain);
            reply.add_name_servers(authority());
        }
        Answer::Found(records) if records.is_empty() => {
            reply.add_name_servers(authority());
        }
        Answer::Found(records) => {
            reply.add_answers(records);
        }
    }
    reply.set_authoritative(true);
    encode(&reply, &question, transport)
}

/// A refusal for a question that could not be passed on.
pub(super) fn failure(bytes: &[u8]) -> Option<Vec<u8>> {
    let question = Message::from_vec(bytes).ok()?;
    let mut reply = Message::error_msg(question.id(), question.op_code(), ResponseCode::ServFail);
    reply.set_recursion_desired(question.recursion_desired());
    reply.set_recursion_available(true);
    reply.add_queries(question.queries().iter().cloned());
    reply.to_vec().ok()
}

fn malformed(bytes: &[u8]) -> Outcome {
    // The third byte's first bit tells answers from questions; answers are never answered.
    let [high, low, flags, ..] = bytes else { return Outcome::Ignore };
    if bytes.len() < 12 || flags & 0x80 != 0 {
        return Outcome::Ignore;
    }
    let id = u16::from_be_bytes([*high, *low]);
    let reply = Message::error_msg(id, OpCode::Query, ResponseCode::FormErr);
    reply.to_vec().map_or(Outcome::Ignore, Outcome::Reply)
}

/// Tells how long "there is nothing" may be remembered.
fn authority() -> Option<Record> {
    let zone = Name::from_str(&format!("{CLUSTER_DOMAIN}.")).ok()?;
    let server = Name::from_str(&format!("ns.dns.{CLUSTER_DOMAIN}.")).ok()?;
    let contact = Name::from_str(&format!("hostmaster.{CLUSTER_DOMAIN}.")).ok()?;
    let data = SOA::new(server, contact, 1, 7200, 1800, 86_400, TTL);
    Some(Record::from_rdata(zone, TTL, RData::SOA(data)))
}

fn encode(reply: &Message, question: &Message, transport: Transport) -> Outcome {
    let Ok(bytes) = reply.to_vec() else {
        let failed = Message::error_msg(question.id(), question.op_code(), ResponseCode::ServFail);
        return failed.to_vec().map_or(Outcome::Ignore, Outcome::Reply);
    };
    if transport == Transport::Tcp || bytes.len() <= usize::from(question.max_payload().max(512)) {
        return Outcome::Reply(bytes);
    }
    let mut cut = reply.clone();
    cut.take_answers();
    cut.set_truncated(true);
    cut.to_vec().map_or(Outcome::Ignore, Outcome::Reply)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;

    use hickory_proto::op::Query;
    use hickory_proto::rr::RecordType;
    use k8s_openapi::api::core::v1::Service;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::network::key::ObjectKey;
    use crate::network::services::{EndpointFacts, ServiceEntry};

    /// One headless Service `many.shop` with as many pods as the number says.
    struct Many(u8);

    impl Directory for Many {
        fn service(&self, key: &ObjectKey) -> Option<Arc<ServiceEntry>> {
            let service: Service =
                serde_json::from_value(json!({"metadata": {}, "spec": {"clusterIP": "None"}})).ok()?;
            let endpoints = (0..self.0).map(|last| EndpointFacts {
                addresses: vec![IpAddr::from([10, 200, 0, last])],
                ready: true,
                hostname: None,
                pod_uid: None,
            });
            let entry =
                ServiceEntry { facts: Arc::new(service.into()), ports: Vec::new(), endpoints: endpoints.collect() };
            (key.name == "many").then(|| Arc::new(entry))
        }

        fn service_at(&self, _address: Ipv4Addr) -> Option<ObjectKey> {
            None
        }
    }

    fn ask(name: &str, transport: Transport, pods: u8) -> Message {
        let mut question = Message::new();
        question.set_id(77).set_recursion_desired(true);
        question.add_query(Query::query(Name::from_ascii(name).expect("a name"), RecordType::A));
        match respond(&question.to_vec().expect("bytes"), transport, &Many(pods)) {
            Outcome::Reply(bytes) => Message::from_vec(&bytes).expect("a message"),
            other => panic!("no reply but {other:?}"),
        }
    }

    #[test]
    fn an_answer_repeats_the_question_and_its_id() {
        let reply = ask("many.shop.svc.cluster.local.", Transport::Udp, 2);
        assert_eq!(
            (reply.id(), reply.message_type(), reply.response_code()),
            (77, MessageType::Response, ResponseCode::NoError)
        );
        assert!(reply.authoritative() && reply.recursion_desired() && reply.recursion_available());
        assert_eq!((reply.queries().len(), reply.answers().len()), (1, 2));
    }

    #[test]
    fn an_unknown_name_is_denied_at_once_and_for_a_short_time() {
        let reply = ask("nobody.shop.svc.cluster.local.", Transport::Udp, 2);
        assert_eq!(reply.response_code(), ResponseCode::NXDomain);
        let authority: Vec<_> =
            reply.name_servers().iter().map(|record| (record.name().to_string(), record.ttl())).collect();
        assert_eq!(authority, [("cluster.local.".to_owned(), TTL)]);
    }

    #[test]
    fn an_answer_too_long_for_a_datagram_is_asked_for_again_over_tcp() {
        let cut = ask("many.shop.svc.cluster.local.", Transport::Udp, 200);
        assert!(cut.truncated() && cut.answers().is_empty());
        let whole = ask("many.shop.svc.cluster.local.", Transport::Tcp, 200);
        assert_eq!((whole.truncated(), whole.answers().len()), (false, 200));
    }

    proptest! {
        #[test]
        fn no_bytes_are_answered_with_anything_but_a_message_of_their_id(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Outcome::Reply(reply) = respond(&bytes, Transport::Udp, &Many(3)) {
                let reply = Message::from_vec(&reply).expect("a message");
                let id = reply.id().to_be_bytes();
                prop_assert_eq!(&id, &bytes[..2]);
                prop_assert_eq!(reply.message_type(), MessageType::Response);
                prop_assert_eq!(bytes[2] & 0x80, 0);
            }
        }
    }
}
