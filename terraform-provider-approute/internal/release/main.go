// Command release packs the provider as registries and mirrors of providers expect it.
//
//	go run ./internal/release -out DIRECTORY [-platforms linux_amd64,darwin_arm64]
//	go run ./internal/release -mirror DIRECTORY
//
// -out writes a zip for each platform, their checksums and the registry's manifest: what a release publishes. -mirror
// lays the zips out as a filesystem mirror, from which `terraform init` and `tofu init` install them.
package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/approute/approute-go"
)

const name = "terraform-provider-approute"

// hosts are those of the registries whose providers `source = "approute/approute"` means.
var hosts = []string{"registry.terraform.io", "registry.opentofu.org"}

func main() {
	out := flag.String("out", "", "write zips, checksums and manifest to this directory")
	mirror := flag.String("mirror", "", "lay out a filesystem mirror in this directory")
	platforms := flag.String("platforms", runtime.GOOS+"_"+runtime.GOARCH, "for these platforms, separated by commas")
	// All packages of the project have one version.
	version := flag.String("version", approute.Version, "the version")
	flag.Parse()
	if err := run(*out, *mirror, strings.Split(*platforms, ","), *version); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(out, mirror string, platforms []string, version string) error {
	if out == "" && mirror == "" {
		return errors.New("say where to, with -out or -mirror; see -help")
	}
	var sums strings.Builder
	for _, platform := range platforms {
		packed, err := pack(platform, version)
		if err != nil {
			return err
		}
		file := fmt.Sprintf("%s_%s_%s.zip", name, version, platform)
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(packed), file)
		for _, directory := range directories(out, mirror) {
			if err := write(filepath.Join(directory, file), packed); err != nil {
				return err
			}
		}
	}
	if out == "" {
		return nil
	}
	manifest, err := os.ReadFile("terraform-registry-manifest.json")
	if err != nil {
		return err
	}
	file := fmt.Sprintf("%s_%s_manifest.json", name, version)
	fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(manifest), file)
	if err := write(filepath.Join(out, file), manifest); err != nil {
		return err
	}
	return write(filepath.Join(out, fmt.Sprintf("%s_%s_SHA256SUMS", name, version)), []byte(sums.String()))
}

func directories(out, mirror string) []string {
	var all []string
	if out != "" {
		all = append(all, out)
	}
	if mirror != "" {
		for _, host := range hosts {
			all = append(all, filepath.Join(mirror, host, "approute", "approute"))
		}
	}
	return all
}

func write(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return err
	}
	fmt.Println(path)
	return nil
}

// pack builds the provider and puts it into a zip with its licence and those of what is in it. The same source gives the
// same bytes.
func pack(platform, version string) ([]byte, error) {
	system, architecture, ok := strings.Cut(platform, "_")
	if !ok {
		return nil, fmt.Errorf("%q is no platform; it looks like linux_amd64", platform)
	}
	directory, err := os.MkdirTemp("", name)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(directory)
	program := fmt.Sprintf("%s_v%s", name, version)
	if system == "windows" {
		program += ".exe"
	}
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X main.version="+version,
		"-o", filepath.Join(directory, program), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+architecture)
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("building for %s: %w", platform, err)
	}
	built, err := os.ReadFile(filepath.Join(directory, program))
	if err != nil {
		return nil, err
	}
	licence, err := os.ReadFile("LICENSE")
	if err != nil {
		return nil, err
	}
	notices, err := notices(build.Env)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	for _, file := range []struct {
		name string
		data []byte
		mode os.FileMode
	}{{program, built, 0o755}, {"LICENSE", licence, 0o644}, {"THIRD_PARTY_LICENSES", notices, 0o644}} {
		// A zip knows no time before 1980; this one tells nothing of when it was packed.
		header := &zip.FileHeader{Name: file.name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		header.SetMode(file.mode)
		target, err := archive.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := target.Write(file.data); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// notices gives the licences of what is linked into the program, each with where its source is: all of them ask for
// the one, and the MPL-2.0 for the other.
func notices(environment []string) ([]byte, error) {
	list := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}", ".")
	list.Env, list.Stderr = environment, os.Stderr
	output, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("listing dependencies: %w", err)
	}
	modules := strings.Fields(strings.ReplaceAll(string(output), "\t", "|"))
	slices.Sort(modules)
	modules = append(slices.Compact(modules), "the Go standard library|"+runtime.Version()+"|"+runtimeRoot())
	var text bytes.Buffer
	text.WriteString("This program contains these modules, unmodified. The source of each is what the Go module proxy serves under its name\n" +
		"and version, and what its repository holds.\n")
	for _, module := range modules {
		parts := strings.Split(module, "|")
		licence, err := licenceIn(parts[2])
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&text, "\n%s\n%s %s\n\n%s\n", strings.Repeat("=", 100), parts[0], parts[1], bytes.TrimSpace(licence))
	}
	return text.Bytes(), nil
}

func licenceIn(directory string) ([]byte, error) {
	for _, file := range []string{"LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "COPYING"} {
		if text, err := os.ReadFile(filepath.Join(directory, file)); err == nil {
			return text, nil
		}
	}
	return nil, fmt.Errorf("no licence in %s", directory)
}

func runtimeRoot() string {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(root))
}
