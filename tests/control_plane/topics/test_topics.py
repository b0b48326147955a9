from confluent_kafka import Uuid

from control_plane.topics.topics import topic_id_text


def test_an_id_is_written_as_kafkas_own_tools_write_it() -> None:
    assert topic_id_text(str(Uuid(-1, -1))) == "_____________________w"
    assert topic_id_text(str(Uuid(-325948050412044293, 1))) == "-3n_-Z_1f_sAAAAAAAAAAQ"
