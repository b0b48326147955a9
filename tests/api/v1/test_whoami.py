from control_plane.identity.policy import Role
from tests.fixtures.service import Service


class TestWhoami:
    def test_tells_what_the_credentials_are_good_for(self, service: Service) -> None:
        organization_id = service.add_organization()
        cluster_id = service.add_cluster(organization_id)
        secret = service.add_key(organization_id, Role.DEVELOPER, cluster_id)
        shown = service.client(secret).get("/v1/whoami").json()
        assert shown["kind"] == "api_key"
        assert shown["organization_id"] == organization_id
        assert shown["cluster_id"] == cluster_id
        assert shown["role"] == "developer"
        assert shown["expires_at"] is None
