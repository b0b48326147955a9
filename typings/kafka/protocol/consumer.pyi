from typing import Any

FetchRequest: Any
FetchResponse: Any
ListOffsetsRequest: Any
ListOffsetsResponse: Any
OffsetCommitRequest: Any
OffsetCommitResponse: Any
OffsetFetchRequest: Any
OffsetFetchResponse: Any
JoinGroupRequest: Any
JoinGroupResponse: Any
SyncGroupRequest: Any
SyncGroupResponse: Any
HeartbeatRequest: Any
HeartbeatResponse: Any
LeaveGroupRequest: Any
LeaveGroupResponse: Any
