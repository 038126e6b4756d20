package provider_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/approute/approute-go"
	"github.com/approute/terraform-provider-approute/internal/provider"
)

// program is what the tests drive: terraform, or OpenTofu's tofu.
var program string

// isTofu is whether it is OpenTofu.
var isTofu bool

// workDirectory is for what all tests share; it is removed at the end.
var workDirectory string

func TestMain(m *testing.M) {
	code, err := prepare(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "FAIL:", err)
	}
	os.Exit(code)
}

// prepare finds what the tests need. They drive a real terraform and a real server, and without one of them they fail.
func prepare(m *testing.M) (int, error) {
	var err error
	if program, err = findTerraform(); err != nil {
		return 1, err
	}
	if workDirectory, err = os.MkdirTemp("", "approute-provider-tests"); err != nil {
		return 1, err
	}
	defer os.RemoveAll(workDirectory)
	empty := filepath.Join(workDirectory, "no-settings.tfrc")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		return 1, err
	}
	settings := map[string]string{
		"TF_ACC":                "1",
		"TF_ACC_TERRAFORM_PATH": program,
		// The machine's own settings, such as mirrors, are not the tests'.
		"TF_CLI_CONFIG_FILE": empty,
		"CHECKPOINT_DISABLE": "1",
		// Every test says what it uses.
		"APPROUTE_API_KEY":  "",
		"APPROUTE_BASE_URL": "",
	}
	for name, value := range settings {
		if err := os.Setenv(name, value); err != nil {
			return 1, err
		}
	}
	version, err := exec.Command(program, "version").Output()
	if err != nil {
		return 1, fmt.Errorf("%s does not run: %w", program, err)
	}
	isTofu = bytes.HasPrefix(version, []byte("OpenTofu"))
	if isTofu {
		if err := os.Setenv("TF_ACC_PROVIDER_HOST", "registry.opentofu.org"); err != nil {
			return 1, err
		}
	}
	fmt.Printf("with %s, %s\n", strings.SplitN(string(version), "\n", 2)[0], program)
	return m.Run(), nil
}

// oldest is the first version of both programs that has write-only attributes.
const oldest = "1.11"

// findTerraform: TF_ACC_TERRAFORM_PATH, else what is installed, else what scripts/bootstrap has built.
func findTerraform() (string, error) {
	if path := os.Getenv("TF_ACC_TERRAFORM_PATH"); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("TF_ACC_TERRAFORM_PATH names no program: %w", err)
		}
		return path, nil
	}
	if path, err := exec.LookPath("terraform"); err == nil && isNewEnough(path) {
		return path, nil
	}
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		cache = filepath.Join(os.Getenv("HOME"), ".cache")
	}
	built, err := filepath.Glob(filepath.Join(cache, "approute", "opentofu-*", "tofu"))
	if err == nil && len(built) > 0 {
		return built[len(built)-1], nil
	}
	return "", errors.New("the acceptance tests need terraform " + oldest + " or newer, or OpenTofu, and there is neither.\n" +
		"Run scripts/bootstrap, which builds OpenTofu, or name a program in TF_ACC_TERRAFORM_PATH")
}

func isNewEnough(path string) bool {
	output, err := exec.Command(path, "version").Output()
	var major, minor int
	if _, scanned := fmt.Sscanf(string(output), "Terraform v%d.%d", &major, &minor); err != nil || scanned != nil {
		return false
	}
	return major > 1 || major == 1 && minor >= 11
}

// long leaves a test to make test-full.
func long(t *testing.T) {
	t.Helper()
	if os.Getenv("APPROUTE_LONG_TESTS") == "" {
		t.Skip("takes long, so that it is left to make test-full (APPROUTE_LONG_TESTS=1)")
	}
}

// A server is a reference server of a test's own.
type server struct {
	t       *testing.T
	command *exec.Cmd
	BaseURL string `json:"base_url"`
	APIKey  string `json:"api_key"`
	ReadKey string `json:"read_key"`
	// client talks to it beside the provider.
	client approute.Client
}

func serverBinary(t *testing.T) string {
	t.Helper()
	binary := os.Getenv("APPROUTE_SERVER")
	if binary == "" {
		binary = filepath.Join("..", "..", "..", "target", "debug", "approute-server")
	}
	binary, err := filepath.Abs(binary)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("no reference server at %s: cargo build --package approute-server, or say in APPROUTE_SERVER where it is", binary)
	}
	return binary
}

func startServer(t *testing.T, arguments ...string) *server {
	t.Helper()
	s := &server{t: t}
	s.start("127.0.0.1:0", arguments...)
	return s
}

func (s *server) start(listen string, arguments ...string) {
	s.t.Helper()
	s.command = exec.Command(serverBinary(s.t), append([]string{"serve", "--dev", "--listen", listen}, arguments...)...)
	output, err := s.command.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.command.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(s.stop)
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err != nil {
		s.t.Fatalf("the server did not start: %v", err)
	}
	if err := json.Unmarshal(line, s); err != nil {
		s.t.Fatal(err)
	}
	if s.client, err = approute.New(approute.WithBaseURL(s.BaseURL), approute.WithAPIKey(s.APIKey)); err != nil {
		s.t.Fatal(err)
	}
}

// stop kills the server.
func (s *server) stop() {
	_ = s.command.Process.Kill()
	_ = s.command.Wait()
}

// fault makes calls fail; see docs/server.md.
func (s *server) fault(fault string) {
	s.t.Helper()
	s.control("faults", fault)
}

func (s *server) control(name, body string) {
	s.t.Helper()
	answer, err := http.Post(s.BaseURL+"/_test/"+name, "application/json", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		s.t.Fatalf("/_test/%s answers %s", name, answer.Status)
	}
}

// provider is the provider block for this server, with more settings.
func (s *server) provider(settings string) string {
	return fmt.Sprintf("provider \"approute\" {\n  base_url = %q\n  api_key = %q\n  %s\n}\n", s.BaseURL, s.APIKey, settings)
}

// config is a configuration for this server.
func (s *server) config(body string) string { return s.provider("") + body }

// links gives all links of the server, deleted ones aside.
func (s *server) links() []approute.Link {
	s.t.Helper()
	var links []approute.Link
	for link, err := range s.client.Links.List(context.Background(), approute.LinkListParams{Limit: 100}).All() {
		if err != nil {
			s.t.Fatal(err)
		}
		links = append(links, *link)
	}
	return links
}

// link gives the one link of the server.
func (s *server) link() approute.Link {
	s.t.Helper()
	links := s.links()
	if len(links) != 1 {
		s.t.Fatalf("there are %d links, not one", len(links))
	}
	return links[0]
}

// update changes a link beside the provider.
func (s *server) update(id string, params approute.LinkUpdateParams) {
	s.t.Helper()
	if _, err := s.client.Links.Update(context.Background(), id, params); err != nil {
		s.t.Fatal(err)
	}
}

// remove deletes a link beside the provider.
func (s *server) remove(id string) {
	s.t.Helper()
	if _, err := s.client.Links.Delete(context.Background(), id); err != nil {
		s.t.Fatal(err)
	}
}

var factories = map[string]func() (tfprotov6.ProviderServer, error){
	"approute": providerserver.NewProtocol6WithError(provider.New("test")()),
}

// try runs the steps of an acceptance test: real plans and applies. After every apply the plan has to be empty.
func try(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: factories, Steps: steps})
}
