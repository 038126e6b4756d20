package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// server starts the reference server and points the SDK at it.
func server(t *testing.T) {
	t.Helper()
	binary := os.Getenv("APPROUTE_SERVER")
	if binary == "" {
		binary = filepath.Join("..", "..", "target", "debug", "approute-server")
	}
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("no reference server at %s: cargo build --package approute-server, or say in APPROUTE_SERVER where it is", binary)
	}
	command := exec.Command(binary, "serve", "--dev", "--listen", "127.0.0.1:0")
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the server did not start: %v", err)
	}
	var ready struct {
		BaseURL string `json:"base_url"`
		APIKey  string `json:"api_key"`
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	t.Setenv("APPROUTE_BASE_URL", ready.BaseURL)
	t.Setenv("APPROUTE_API_KEY", ready.APIKey)
}

func TestTwoRunsMakeNothingTwice(t *testing.T) {
	server(t)
	for number, first := range []string{"200 links made", "all links are there"} {
		var out strings.Builder
		if err := run(context.Background(), filepath.Join("..", "creators.csv"), &out); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if lines[0] != first || len(lines) != 202 {
			t.Fatalf("run %d: %q and %d lines", number+1, lines[0], len(lines))
		}
	}
}

func TestQuickstart(t *testing.T) {
	server(t)
	output, err := exec.Command("go", "run", "./quickstart").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if text := string(output); !strings.HasPrefix(text, "share http") || !strings.Contains(text, "so far it has 0 clicks") {
		t.Error(text)
	}
}

func TestMistakesAreExplained(t *testing.T) {
	server(t)
	broken := filepath.Join(t.TempDir(), "broken.csv")
	row := "external_id,name,platform,slug,sub_id,destination,app_store_id,package_name\nc1,Nora,x,nora,nora,ftp://example.com,,\n"
	if err := os.WriteFile(broken, []byte(row), 0o600); err != nil {
		t.Fatal(err)
	}
	try := func(path string) string {
		err := run(context.Background(), path, &strings.Builder{})
		if err == nil {
			t.Fatalf("%s is taken", path)
		}
		return advice(err)
	}
	if text := try(broken); !strings.Contains(text, "/create/0/url") {
		t.Error(text)
	}
	t.Setenv("APPROUTE_API_KEY", "apr_live_wrong")
	if text := try(filepath.Join("..", "creators.csv")); !strings.Contains(text, "APPROUTE_API_KEY") {
		t.Error(text)
	}
	t.Setenv("APPROUTE_BASE_URL", "http://127.0.0.1:1")
	if text := try(filepath.Join("..", "creators.csv")); !strings.Contains(text, "APPROUTE_BASE_URL") {
		t.Error(text)
	}
}
