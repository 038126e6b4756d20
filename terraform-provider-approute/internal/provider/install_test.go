package provider_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// What a user has: the packed provider, installed by init from a mirror, the creator program, and a CSV.

var packed = sync.OnceValues(func() (string, error) {
	directory := filepath.Join(workDirectory, "packed")
	release := exec.Command("go", "run", "./internal/release", "-out", filepath.Join(directory, "out"), "-mirror", filepath.Join(directory, "mirror"))
	release.Dir = filepath.Join("..", "..")
	if output, err := release.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, output)
	}
	return directory, nil
})

// A user has a working directory.
type user struct {
	t           *testing.T
	directory   string
	environment []string
}

func newUser(t *testing.T, s *server) *user {
	t.Helper()
	release, err := packed()
	if err != nil {
		t.Fatal(err)
	}
	u := &user{t: t, directory: t.TempDir()}
	settings := filepath.Join(u.directory, "settings.tfrc")
	u.write("settings.tfrc", fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", filepath.Join(release, "mirror")))
	u.environment = append(os.Environ(), "TF_CLI_CONFIG_FILE="+settings, "TF_IN_AUTOMATION=1",
		"APPROUTE_BASE_URL="+s.BaseURL, "APPROUTE_API_KEY="+s.APIKey)
	u.copy(filepath.Join("..", "..", "examples", "creator-program", "main.tf"), "main.tf")
	u.copy(filepath.Join("..", "..", "..", "examples", "creators.csv"), "creators.csv")
	u.write("creators.auto.tfvars", "creators = \"creators.csv\"\n")
	return u
}

func (u *user) write(name, text string) {
	u.t.Helper()
	if err := os.WriteFile(filepath.Join(u.directory, name), []byte(text), 0o600); err != nil {
		u.t.Fatal(err)
	}
}

func (u *user) read(name string) string {
	u.t.Helper()
	text, err := os.ReadFile(filepath.Join(u.directory, name))
	if err != nil {
		u.t.Fatal(err)
	}
	return string(text)
}

func (u *user) copy(from, name string) {
	u.t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		u.t.Fatal(err)
	}
	u.write(name, string(text))
}

func (u *user) command(arguments ...string) *exec.Cmd {
	command := exec.Command(program, arguments...)
	command.Dir, command.Env = u.directory, u.environment
	return command
}

// run gives the output, and fails where the exit status is another one.
func (u *user) run(status int, arguments ...string) string {
	u.t.Helper()
	output, err := u.command(append(arguments, "-no-color")...).CombinedOutput()
	code := 0
	if failed := new(exec.ExitError); errors.As(err, &failed) {
		code = failed.ExitCode()
	} else if err != nil {
		u.t.Fatal(err)
	}
	if code != status {
		u.t.Fatalf("%q ends with %d, not %d: %s", arguments, code, status, output)
	}
	return string(output)
}

func (u *user) says(output string, parts ...string) {
	u.t.Helper()
	for _, part := range parts {
		if !regexp.MustCompile("(?s)" + part).MatchString(output) {
			u.t.Errorf("nothing says %q in: %s", part, output)
		}
	}
}

func TestThePackedProvider(t *testing.T) {
	long(t)
	directory, err := packed()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(directory, "out", "*.zip"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(directory, "out", regexp.MustCompile(`_[a-z]+_\w+\.zip$`).ReplaceAllString(filepath.Base(files[0]), "_SHA256SUMS")))
	if want := fmt.Sprintf("%x  %s\n", sha256.Sum256(data), filepath.Base(files[0])); err != nil || !strings.Contains(string(sums), want) {
		t.Errorf("no %s in %s (%v)", want, sums, err)
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	plugin := filepath.Join(t.TempDir(), "provider")
	for _, file := range archive.File {
		content, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.HasPrefix(file.Name, "terraform-provider-approute_v"):
			if file.Mode()&0o111 == 0 {
				t.Errorf("%s cannot be run", file.Name)
			}
			if err := os.WriteFile(plugin, text, 0o700); err != nil {
				t.Fatal(err)
			}
		case file.Name == "THIRD_PARTY_LICENSES":
			for _, part := range []string{"github.com/hashicorp/terraform-plugin-framework v", "Mozilla Public License", "the Go standard library"} {
				if !strings.Contains(string(text), part) {
					t.Errorf("%s has no %q", file.Name, part)
				}
			}
		case file.Name != "LICENSE":
			t.Errorf("there is a %s", file.Name)
		}
	}
	// Started by a person, it says what it is and ends.
	output, err := exec.Command(plugin).CombinedOutput()
	if failed := new(exec.ExitError); !errors.As(err, &failed) || failed.ExitCode() != 1 || !strings.Contains(string(output), "plugin of Terraform and OpenTofu") {
		t.Errorf("%v: %s", err, output)
	}
}

func TestACreatorProgramFromInitToDestroy(t *testing.T) {
	long(t)
	t.Parallel()
	s := startServer(t)
	u := newUser(t, s)
	u.says(u.run(0, "init"), `Installed approute/approute v`, `successfully initialized`)
	u.says(u.run(0, "apply", "-auto-approve"), `Apply complete! Resources: 200 added, 0 changed, 0 destroyed\.`, `count = 200`,
		`"instagram-nora-lind" = "`+regexp.QuoteMeta(s.BaseURL)+`/nora-lind"`)
	u.run(0, "plan", "-detailed-exitcode")
	if err := s.counts(200)(nil); err != nil {
		t.Fatal(err)
	}
	// A row that is changed is a change, and a row that is taken out is one deletion, wherever it was.
	rows := strings.SplitAfter(u.read("creators.csv"), "\n")
	rows[1] = strings.Replace(rows[1], "autumn-drop", "winter-drop", 1)
	u.write("creators.csv", strings.Join(append(rows[:7:7], rows[8:]...), ""))
	u.says(u.run(2, "plan", "-detailed-exitcode"), `Plan: 0 to add, 1 to change, 1 to destroy\.`, `autumn-drop\?creator=nora-lind" -> "`)
	u.says(u.run(0, "apply", "-auto-approve"), `0 added, 1 changed, 1 destroyed`)
	u.says(u.run(1, "destroy", "-auto-approve"), `Many links are going to be deleted`, `The deletion has to be confirmed`, `allow_many_deletes = true`)
	u.says(u.run(0, "destroy", "-auto-approve", "-var", "allow_many_deletes=true"), `Destroy complete!`)
	if err := s.counts(0)(nil); err != nil {
		t.Error(err)
	}
}

// An import block without a resource block: the configuration that is written for it has an empty plan.
func TestAConfigurationIsGenerated(t *testing.T) {
	long(t)
	t.Parallel()
	s := startServer(t)
	u := newUser(t, s)
	head, _, _ := strings.Cut(u.read("main.tf"), "locals {")
	u.write("main.tf", head+"resource \"approute_link\" \"made\" {\n  slug = \"made\"\n  url = \"https://example.com/\"\n  targets = { ios = { app_store_id = \"1\" } }\n  expires_at = \"2099-01-01T00:00:00Z\"\n}\n")
	u.run(0, "init")
	u.run(0, "apply", "-auto-approve")
	if err := os.Remove(filepath.Join(u.directory, "terraform.tfstate")); err != nil {
		t.Fatal(err)
	}
	u.write("main.tf", head+"import {\n  to = approute_link.found\n  id = \"slug:made\"\n}\n")
	u.says(u.run(0, "plan", "-generate-config-out=found.tf"), `Plan: 1 to import, 0 to add, 0 to change, 0 to destroy`)
	u.run(0, "apply", "-auto-approve")
	u.run(0, "plan", "-detailed-exitcode")
}

// until waits, a minute at most, until the server has so many links.
func (s *server) until(count int) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if len(s.links()) >= count {
			return
		}
	}
	s.t.Fatalf("%d links were never there", count)
}

func TestAKilledApplyLeavesNoDuplicate(t *testing.T) {
	long(t)
	if runtime.GOOS == "windows" {
		t.Skip("processes are killed in groups, which Windows does not have")
	}
	t.Parallel()
	// Slow enough to be killed in the middle.
	s := startServer(t, "--rate-limit", "40/2")
	u := newUser(t, s)
	u.run(0, "init")
	apply := u.command("apply", "-auto-approve", "-no-color")
	// With its plugins.
	apply.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := apply.Start(); err != nil {
		t.Fatal(err)
	}
	s.until(60)
	if err := syscall.Kill(-apply.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = apply.Wait()
	made := map[string]bool{}
	for _, link := range s.links() {
		made[link.ID] = true
	}
	if len(made) >= 200 {
		t.Fatal("the apply was not killed in the middle")
	}
	u.says(u.run(0, "apply", "-auto-approve"), `Apply complete!`, `A link was taken over`, `count = 200`)
	u.run(0, "plan", "-detailed-exitcode")
	links := s.links()
	for _, link := range links {
		delete(made, link.ID)
	}
	if len(links) != 200 || len(made) != 0 {
		t.Errorf("there are %d links, and %d of the first are gone", len(links), len(made))
	}
}

func TestAServerThatDiesAndComesBackIsWaitedFor(t *testing.T) {
	long(t)
	t.Parallel()
	database := "sqlite:" + filepath.Join(t.TempDir(), "approute.db")
	s := startServer(t, "--database", database, "--rate-limit", "40/2")
	u := newUser(t, s)
	u.run(0, "init")
	var output bytes.Buffer
	apply := u.command("apply", "-auto-approve", "-no-color")
	apply.Stdout, apply.Stderr = &output, &output
	if err := apply.Start(); err != nil {
		t.Fatal(err)
	}
	s.until(60)
	s.stop()
	address, err := url.Parse(s.BaseURL)
	if err != nil {
		t.Fatal(err)
	}
	s.start(address.Host, "--database", database)
	if err := apply.Wait(); err != nil {
		t.Fatalf("%v: %s", err, &output)
	}
	u.says(output.String(), `Apply complete! Resources: 200 added`)
	u.run(0, "plan", "-detailed-exitcode")
	if err := s.counts(200)(nil); err != nil {
		t.Error(err)
	}
}
