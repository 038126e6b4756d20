import os

from approute_api import AuthenticatedClient
from approute_api.api.links import links_create, links_get
from approute_api.models import Link, LinkCreate, Problem

client = AuthenticatedClient(base_url=os.environ["APPROUTE_BASE_URL"], token=os.environ["APPROUTE_API_KEY"])

body = LinkCreate(url="https://example.com/autumn", slug="from-python", tags=["autumn"])
link = links_create.sync(client=client, body=body)
assert isinstance(link, Link), link
assert link.title is None

read = links_get.sync(link.id, client=client)
assert isinstance(read, Link), read
assert (read.url, read.slug, read.tags) == (body.url, body.slug, body.tags)

problem = links_create.sync(client=client, body=body)
assert isinstance(problem, Problem), problem
assert (problem.status, problem.code) == (409, "slug_taken")
print(f"{link.short_url} leads to {read.url}")
