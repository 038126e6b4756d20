use super::*;

const HEADER: &str = "external_id,name,handle,platform,slug,sub_id,destination,app_store_id,package_name,utm_campaign\n";
const GOOD: &str = "c-1,Nora Lind,@nora,youtube,nora,yt-nora,https://shop.example/a,6470010001,example.shop.app,autumn\n";

fn problems(rows: &str) -> Vec<String> {
    let text = format!("{HEADER}{rows}");
    parse(text.as_bytes())
        .expect_err("the file must be refused")
        .into_iter()
        .map(|problem| format!("{}: {}", problem.line, problem.text))
        .collect()
}

#[test]
fn the_example_file_has_200_creators() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../creators.csv");
    let creators = read(&path).expect("the example file is good");
    assert_eq!(creators.len(), 200);
    assert!(
        creators
            .iter()
            .any(|creator| creator.name.ends_with(", Jr.")),
        "quoted cells are read"
    );
    assert!(
        creators
            .iter()
            .any(|creator| creator.app_store_id.is_none()),
        "empty cells are read"
    );
    assert_eq!(creators[0].line, 2);
    assert_eq!(creators[199].line, 201);
}

#[test]
fn a_good_row_is_read() {
    let creators = parse(format!("\u{feff}{HEADER}{GOOD}").as_bytes()).expect("good");
    assert_eq!(
        creators,
        [Creator {
            line: 2,
            external_id: "c-1".into(),
            name: "Nora Lind".into(),
            platform: "youtube".into(),
            slug: "nora".into(),
            sub_id: "yt-nora".into(),
            destination: "https://shop.example/a".into(),
            app_store_id: Some("6470010001".into()),
            package_name: Some("example.shop.app".into()),
            utm_campaign: Some("autumn".into()),
        }]
    );
}

#[test]
fn each_bad_row_is_named_with_line_column_and_advice() {
    let table: &[(&str, &str)] = &[
        (
            ",Ada,@a,youtube,ada,yt-ada,https://s.example/,,,\n",
            "3: column external_id is empty; give each creator an id of your own",
        ),
        (
            "c-2, ,@a,youtube,ada,yt-ada,https://s.example/,,,\n",
            "3: column name is empty; write the creator's name",
        ),
        (
            "c-2,Ada,@a,youtube,ada,,https://s.example/,,,\n",
            "3: column sub_id is empty; write the id under which the clicks are to be counted",
        ),
        (
            "c-2,Ada,@a,youtube,a da,yt-ada,https://s.example/,,,\n",
            "3: column slug: \"a da\" is not a slug; use 1 to 64 letters",
        ),
        (
            "c-2,Ada,@a,youtube,,yt-ada,https://s.example/,,,\n",
            "3: column slug: \"\" is not a slug",
        ),
        (
            "c-2,Ada,@a,youtube,ada,yt-ada,,,,\n",
            "3: column destination: \"\" is empty; write a whole address",
        ),
        (
            "c-2,Ada,@a,youtube,ada,yt-ada,s.example/a,,,\n",
            "3: column destination: \"s.example/a\" is not a web address; write a whole",
        ),
        (
            "c-2,Ada,@a,youtube,ada,yt-ada,ftp://s.example/a,,,\n",
            "3: column destination: \"ftp://s.example/a\" does not start with https:// or http://",
        ),
        (
            "c-2,Ada,@a,youtube,ada,yt-ada,https:/s.example,,,\n",
            "3: column destination: \"https:/s.example\" is not a web address",
        ),
        (
            "c-2,Ada,@a,youtube,ada,yt-ada,https://s.example/,id64,,\n",
            "3: column app_store_id: \"id64\" is not an App Store id; use the digits",
        ),
        (
            "c-2,Ada,@a,youtube,ada,yt-ada,https://s.example/,,shop,\n",
            "3: column package_name: \"shop\" is not a package name",
        ),
        (
            "c-2,Ada,@a,youtube,ada,yt-ada,https://s.example/,,com..x,\n",
            "3: column package_name: \"com..x\" is not a package name",
        ),
        (
            "c-1,Ada,@a,youtube,ada,yt-ada,https://s.example/,,,\n",
            "3: column external_id: \"c-1\" is already used in line 2; give each",
        ),
        (
            "c-2,Ada,@a,youtube,NORA,yt-ada,https://s.example/,,,\n",
            "3: column slug: \"nora\" is already used in line 2; give each",
        ),
        (
            "c-2,Ada,@a,youtube,ada,yt-nora,https://s.example/,,,\n",
            "3: column sub_id: \"yt-nora\" is already used in line 2; give each",
        ),
        (
            "c-2,Lind, Ada,@a,youtube,ada,yt-ada,https://s.example/,,,\n",
            "3: the row has 11 cells, the header 10; put quotes around",
        ),
        (
            "c-2\n",
            "3: the row has 1 cells, the header 10; put quotes around",
        ),
    ];
    for (row, expected) in table {
        let found = problems(&format!("{GOOD}{row}"));
        assert_eq!(found.len(), 1, "{row:?} gave {found:#?}");
        assert!(
            found[0].starts_with(expected),
            "{row:?} gave {:?}, not {expected:?}",
            found[0]
        );
    }
}

#[test]
fn every_problem_of_a_file_is_told_at_once() {
    let found = problems(
        "c-1,,@a,youtube,ada,yt-ada,nowhere,,,\nc-2,Bo,@b,tiktok,bo,tt-bo,https://s.example/,x,,\n",
    );
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[2].starts_with("3: column app_store_id"), "{found:#?}");
}

#[test]
fn a_row_that_is_not_utf8_is_named() {
    let mut bytes = format!("{HEADER}{GOOD}").into_bytes();
    bytes.extend_from_slice(b"c-2,Zo\xEB,@z,youtube,zoe,yt-zoe,https://s.example/,,,\n");
    let found = parse(&bytes).expect_err("latin-1 is refused");
    assert_eq!(
        found,
        [Problem {
            line: 3,
            text: "the row is not UTF-8; save the file as CSV UTF-8".into()
        }]
    );
}

#[test]
fn a_missing_column_and_an_empty_file_are_refused() {
    let found = parse(b"external_id,name\n1,Ada\n").expect_err("columns are missing");
    assert_eq!(found.len(), 7);
    assert!(
        found[0]
            .text
            .starts_with("column platform is missing; add it"),
        "{found:#?}"
    );
    let found = parse(HEADER.as_bytes()).expect_err("no rows");
    assert_eq!(
        found,
        [Problem {
            line: 1,
            text: "there are no creators in the file; add a row for each".into()
        }]
    );
    assert!(parse(b"").is_err());
}

#[test]
fn the_error_names_the_file_and_shows_ten_lines_at_most() {
    let problems = (2..20)
        .map(|line| Problem {
            line,
            text: "column slug is bad".into(),
        })
        .collect();
    let text = CsvError {
        path: "creators.csv".into(),
        problems,
    }
    .to_string();
    assert!(
        text.starts_with("creators.csv:2: column slug is bad\ncreators.csv:3: "),
        "{text}"
    );
    assert!(
        text.ends_with("creators.csv:11: column slug is bad\ncreators.csv: and 8 more"),
        "{text}"
    );

    let error = read(Path::new("no/such.csv")).expect_err("no such file");
    assert!(
        error
            .to_string()
            .starts_with("no/such.csv:1: cannot be read: "),
        "{error}"
    );
}
