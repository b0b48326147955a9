from typing import Any

CreatePartitionsRequest: Any
CreatePartitionsResponse: Any
CreateTopicsRequest: Any
CreateTopicsResponse: Any
DeleteGroupsRequest: Any
DeleteGroupsResponse: Any
DeleteTopicsRequest: Any
DeleteTopicsResponse: Any
DescribeClusterRequest: Any
DescribeClusterResponse: Any
DescribeConfigsRequest: Any
DescribeConfigsResponse: Any
DescribeGroupsRequest: Any
DescribeGroupsResponse: Any
ListGroupsRequest: Any
ListGroupsResponse: Any
