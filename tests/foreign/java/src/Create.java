import java.net.URI;
import java.util.Set;

import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.LinksApi;
import org.openapitools.client.model.Link;
import org.openapitools.client.model.LinkCreate;

/** Creates a link with the client that openapi-generator made, and reads it back. */
public final class Create {
    public static void main(String[] arguments) throws ApiException {
        ApiClient client = new ApiClient();
        client.updateBaseUri(System.getenv("APPROUTE_BASE_URL"));
        String key = System.getenv("APPROUTE_API_KEY");
        client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + key));
        LinksApi links = new LinksApi(client);

        LinkCreate body = new LinkCreate().url(URI.create("https://example.com/autumn")).slug("from-java").tags(Set.of("autumn"));
        Link link = links.linksCreate(body, null, null);
        expect(link.getTitle() == null, link);

        Link read = links.linksGet(link.getId(), null);
        expect(read.getUrl().equals(body.getUrl()), read);
        expect(read.getSlug().equals("from-java"), read);

        try {
            links.linksCreate(body, null, null);
            throw new AssertionError("the slug was taken");
        } catch (ApiException refused) {
            expect(refused.getCode() == 409, refused);
            expect(refused.getResponseBody().contains("\"slug_taken\""), refused.getResponseBody());
        }
        System.out.println(link.getShortUrl() + " leads to " + read.getUrl());
    }

    private static void expect(boolean holds, Object otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
