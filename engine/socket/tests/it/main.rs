//! What every transport must do, each case run on every transport there is.
//!
//! A case gets a way to start a transport with settings of its own, and talks to it over TCP as a client would. Cases wait
//! for what they expect; a case that hangs is ended by [`stage::PATIENCE`] and says what it waited for.

mod avalanche;
mod client;
mod connects;
mod ends;
mod events;
mod hostile;
mod http;
mod namespaces;
mod official;
mod polling;
mod raw;
mod rooms;
mod sink;
mod stage;
mod websocket;

/// Runs the cases of modules on a transport.
macro_rules! run {
    ($start:path => $($module:ident: $($case:ident),+;)+) => {
        $(mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::$module::$case($start).await;
            })+
        })+
    };
}

/// All cases on a transport.
macro_rules! on {
    ($start:path) => {
        run! { $start =>
        connects:
            a_client_enters_and_is_known,
            a_refusal_says_why,
            a_panic_while_connecting_is_a_refusal,
            whoever_is_decided_on_for_too_long_is_to_come_again,
            a_full_hub_refuses,
            what_connected_sends_comes_after_the_connect_packet,
            every_first_event_of_a_crowd_arrives,
            a_client_that_goes_while_it_is_decided_on_leaves_nothing,
            one_connection_enters_several_namespaces,
            one_connection_enters_very_many_namespaces,
            the_first_client_has_its_time_too;
        avalanche:
            handshakes_stand_in_line_and_the_rest_are_to_come_again,
            nobody_stands_in_line_longer_than_may_be,
            whoever_leaves_the_line_holds_nobody_up,
            whoever_comes_late_has_all_its_time,
            what_passes_cuts_off_whoever_is_in_no_namespace;
        events:
            arguments_of_any_number_arrive_and_return,
            acks_have_any_number_of_arguments,
            many_events_come_in_order_and_are_answered,
            attachments_arrive_and_return_in_any_place,
            an_answer_nobody_asked_for_does_nothing,
            a_panic_ends_nothing,
            numbers_stay_as_they_were_written,
            what_is_too_large_ends_the_connection,
            a_flood_of_attachments_comes_in_order,
            attachments_nobody_announced_end_the_connection;
        ends:
            leaving_is_told_once,
            a_dropped_connection_is_told_once,
            silence_is_a_ping_timeout,
            a_killed_connection_is_gone_at_once,
            a_stalled_reader_goes_and_the_others_receive_everything,
            nothing_comes_after_the_end,
            a_stop_ends_everybody,
            storms_leave_nothing_behind;
        rooms:
            broadcasts_reach_whom_they_are_meant_for,
            broadcasts_of_one_sender_keep_their_order,
            attachments_reach_a_room,
            who_polls_and_who_does_not_share_rooms;
        namespaces:
            unknown_ones_are_refused,
            they_come_and_go;
        polling:
            a_session_polls,
            a_session_is_upgraded,
            an_upgraded_session_can_be_killed,
            a_second_upgrade_is_no_shelter,
            a_polling_session_can_be_killed,
            polling_can_be_off,
            a_body_that_does_not_come_is_not_waited_for;
        http:
            origins_are_checked,
            any_origin_may_be_allowed,
            a_head_that_does_not_come_is_not_waited_for,
            connections_are_counted;
        official:
            a_handshake_says_what_holds,
            a_handshake_that_is_none_is_refused,
            pings_come_as_announced,
            the_silent_are_gone_in_time,
            a_session_is_closed_by_a_packet,
            an_upgraded_session_takes_no_other_requests,
            whoever_enters_nothing_is_not_kept,
            the_time_to_ask_is_not_the_time_to_decide,
            a_connect_is_answered_with_an_id_alone,
            what_is_no_packet_ends_the_connection,
            a_namespace_is_left_and_the_others_are_not;
        websocket:
            fragments_with_pings_between_are_a_message,
            text_may_be_cut_anywhere,
            frames_of_every_length_come_whole,
            the_end_mid_frame_is_the_end;
        }
    };
}

mod oxide {
    on!(crate::stage::oxide);
}

mod own {
    on!(crate::stage::own);

    /// What socketioxide leaves to be wished for.
    mod alone {
        run! { crate::stage::own =>
        connects:
            a_refusal_has_its_code_in_data;
        hostile:
            the_hostile_leave_nothing_behind;
        ends:
            a_slow_reader_is_not_taken_for_silent,
            the_volatile_is_left_out_where_there_is_no_place,
            a_stop_loses_nothing_that_was_queued;
        websocket:
            pings_are_answered_in_kind,
            what_is_no_frame_is_1002,
            what_is_no_text_is_1007,
            what_is_too_large_is_1009,
            what_is_no_packet_is_1002,
            a_close_is_answered_in_kind,
            a_goodbye_is_not_waited_for_long;
        }
    }
}
