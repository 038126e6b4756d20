// Prints what packages of this module offer, one line each. Run in sdk-go: go run ../tests/surface/extract/go PACKAGE…
package main

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"slices"
	"strings"
)

func main() {
	for _, folder := range os.Args[1:] {
		if err := list(folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func list(folder string) error {
	found, err := build.ImportDir(folder, 0)
	if err != nil {
		return err
	}
	files := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range found.GoFiles {
		file, err := parser.ParseFile(files, folder+"/"+name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		parsed = append(parsed, file)
	}
	config := types.Config{Importer: importer.ForCompiler(files, "source", nil)}
	pkg, err := config.Check(found.Name, files, parsed, nil)
	if err != nil {
		return err
	}
	names := types.RelativeTo(pkg)
	show := func(value types.Type) string {
		return types.TypeString(value, func(other *types.Package) string {
			if other == pkg {
				return names(other)
			}
			return other.Name()
		})
	}
	for _, name := range pkg.Scope().Names() {
		if token.IsExported(name) {
			for _, line := range lines(pkg.Scope().Lookup(name), show) {
				fmt.Printf("%s: %s\n", pkg.Name(), line)
			}
		}
	}
	return nil
}

func lines(object types.Object, show func(types.Type) string) []string {
	name := object.Name()
	switch object := object.(type) {
	case *types.Const:
		if _, named := object.Type().(*types.Named); !named {
			// Such as the version, whose value is expected to change.
			return []string{fmt.Sprintf("const %s %s", name, show(object.Type()))}
		}
		return []string{fmt.Sprintf("const %s %s = %s", name, show(object.Type()), object.Val().ExactString())}
	case *types.Var:
		return []string{fmt.Sprintf("var %s %s", name, show(object.Type()))}
	case *types.Func:
		return []string{signature("func "+name, object, show)}
	case *types.TypeName:
		return typeLines(name, object, show)
	}
	return nil
}

func typeLines(name string, object *types.TypeName, show func(types.Type) string) []string {
	if object.IsAlias() {
		return []string{fmt.Sprintf("type %s = %s", name, show(types.Unalias(object.Type())))}
	}
	named := object.Type().(*types.Named)
	head := "type " + name + parameters(named.TypeParams(), show)
	var all []string
	switch under := named.Underlying().(type) {
	case *types.Struct:
		all = append(all, head+" struct")
		for field := range under.Fields() {
			if field.Exported() {
				all = append(all, fmt.Sprintf("%s struct, %s %s", head, field.Name(), show(field.Type())))
			}
		}
	case *types.Interface:
		all = append(all, head+" interface")
		// One that has a method of our own cannot be implemented elsewhere, so that another method breaks nobody.
		open := " [required by " + head + " interface]"
		for method := range under.Methods() {
			if !method.Exported() {
				open = ""
			}
		}
		for method := range under.Methods() {
			if method.Exported() {
				all = append(all, signature(head+" interface, "+method.Name(), method, show)+open)
			}
		}
	default:
		all = append(all, head+" "+show(under))
	}
	methods := types.NewMethodSet(types.NewPointer(named))
	for i := range methods.Len() {
		method, ok := methods.At(i).Obj().(*types.Func)
		// Those of embedded types are listed there.
		if !ok || !method.Exported() || len(methods.At(i).Index()) > 1 {
			continue
		}
		receiver := show(method.Signature().Recv().Type())
		all = append(all, signature("method ("+receiver+") "+method.Name(), method, show))
	}
	slices.Sort(all)
	return all
}

func parameters(list *types.TypeParamList, show func(types.Type) string) string {
	var all []string
	for parameter := range list.TypeParams() {
		all = append(all, parameter.Obj().Name()+" "+show(parameter.Constraint()))
	}
	if len(all) == 0 {
		return ""
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// signature leaves the names of parameters out: they are for readers.
func signature(head string, function *types.Func, show func(types.Type) string) string {
	given := function.Signature()
	list := func(tuple *types.Tuple, variadic bool) string {
		var all []string
		for i := range tuple.Len() {
			text := show(tuple.At(i).Type())
			if variadic && i == tuple.Len()-1 {
				text = "..." + strings.TrimPrefix(text, "[]")
			}
			all = append(all, text)
		}
		return strings.Join(all, ", ")
	}
	results := list(given.Results(), false)
	if given.Results().Len() > 1 {
		results = "(" + results + ")"
	}
	line := fmt.Sprintf("%s%s(%s) %s", head, parameters(given.TypeParams(), show), list(given.Params(), given.Variadic()), results)
	return strings.TrimSpace(line)
}
