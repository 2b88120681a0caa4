"""Servlets written here, each way a value may go with both verdicts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kimidoc.dataflow import analysed
from tests.dataflow.conftest import document, told

Java = Callable[..., list[str]]
QUERY = (
    'connection.createStatement().executeQuery("SELECT * FROM users WHERE name = \'" + {} + "\'");'
)
SQL = ["sql-injection"]


def query(value: str) -> str:
    return QUERY.format(value)


@pytest.mark.parametrize(
    "before",
    [
        "String x = name;",
        "String x = name.trim().substring(1);",
        "String x = new String(name.getBytes());",
        "StringBuilder b = new StringBuilder(); b.append(\"a\").append(name);"
        " String x = b.toString();",
        "List<String> l = new ArrayList<>(); l.add(\"a\"); l.add(name); l.remove(0);"
        " String x = l.get(0);",
        "Map<String, String> m = new HashMap<>(); m.put(\"k\", name); String x = m.get(\"k\");",
        "String[] a = {\"a\", name}; String x = a[1];",
        "String x; if (name.length() > 3) x = name; else x = \"\";",
        "int n = 7; String x = n * 6 > 40 ? name : \"no\";",
        "String x = \"\"; for (String each : name.split(\",\")) { x += each; }",
        "String x = \"\"; switch (\"ABC\".charAt(0)) { case 'A': x = name; break;"
        " default: x = \"b\"; }",
        "String x = \"\"; try { x = name; risky(); x = \"\"; } catch (Exception e) { }",
        "String x = \"\"; while (more()) { x = x + name; }",
        "Object o = name; String x = (String) o;",
        "String x = Optional.of(name).orElse(\"a\");",
        "String x = same(name);",
        "kept = name; String x = kept;",
        "String x = new Box(name).value();",
    ],
)  # fmt: skip
def test_what_carries_a_value(java: Java, before: str) -> None:
    more = """
      private String kept;
      private String same(String given) { return given == null ? "" : given; }
      private class Box { String v; Box(String v) { this.v = v; } String value() { return v; } }
    """
    assert java(before + query("x"), more) == SQL


@pytest.mark.parametrize(
    "before",
    [
        "String x = \"fixed\";",
        "int n = 7; String x = n * 6 > 40 ? \"no\" : name;",
        "String x; if ((500 / 42) + 196 > 200) x = \"a\"; else x = name;",
        "List<String> l = new ArrayList<>(); l.add(\"a\"); l.add(name); l.remove(0); l.add(\"b\");"
        " String x = l.get(1);",
        "Map<String, String> m = new HashMap<>(); m.put(\"k\", name); m.put(\"o\", \"a\");"
        " String x = m.get(\"o\");",
        "String x = \"\"; switch (\"ABC\".charAt(1)) { case 'A': x = name; break;"
        " case 'B': x = \"b\"; break; default: x = name; }",
        "String x = constant(name);",
        "int id = Integer.parseInt(name); String x = \"\" + id;",
        "if (!name.equals(\"ann\")) return; String x = name;",
        "if (!ALLOWED.contains(name)) { throw new Exception(); } String x = name;",
        "String x = name.matches(\"[a-z]+\") ? name : \"\";",
        "String x = name; x = \"over\";",
        "boolean debug = false; String x = \"\"; if (debug) { x = name; }",
        "String x = \"\"; for (int i = 0; i < 0; i++) { x = name; }",
    ],
)  # fmt: skip
def test_what_keeps_a_value_out(java: Java, before: str) -> None:
    more = """
      private static final List<String> ALLOWED = List.of("ann", "bob");
      private String constant(String given) { String other = "x"; return other; }
    """
    assert java(before + query("x"), more) == []


@pytest.mark.parametrize(
    ("statement", "check"),
    [
        ("Runtime.getRuntime().exec(\"ls \" + name);", "command-execution"),
        ("new ProcessBuilder(\"sh\", \"-c\", name).start();", "command-execution"),
        ("new java.io.FileInputStream(new java.io.File(\"/srv\", name));", "path-traversal"),
        ("response.getWriter().println(\"<b>\" + name);", "html-injection"),
        ("response.getWriter().printf(\"%s\", name);", "html-injection"),
        ("directory.search(\"ou=users\", \"(uid=\" + name + \")\", controls);", "ldap-injection"),
        ("javax.xml.xpath.XPath p = f.newXPath(); p.evaluate(\"//a[@n='\" + name + \"']\", d);",
         "xpath-injection"),
        ("request.getSession().setAttribute(\"user\", name);", "trust-boundary"),
        ("response.sendRedirect(name);", "open-redirect"),
        ("response.setHeader(\"X-Name\", name);", "response-splitting"),
        ("Class.forName(name).newInstance();", "reflection"),
        ("System.out.printf(name);", "format-string"),
    ],
)  # fmt: skip
def test_sinks(java: Java, statement: str, check: str) -> None:
    before = "javax.naming.directory.DirContext directory = open();"
    assert set(java(before + statement)) == {check}
    assert java(before + statement.replace("name", '"ann"')) == []


@pytest.mark.parametrize(
    ("statement", "raised"),
    [
        ("response.getWriter().print(ESAPI.encoder().encodeForHTML(name));", []),
        ("response.getWriter().print(HtmlUtils.htmlEscape(name));", []),
        ("response.getWriter().print(URLDecoder.decode(URLEncoder.encode(name)));",
         ["html-injection"]),
        (query("HtmlUtils.htmlEscape(name)"), SQL),  # an encoder for pages helps no statement
        ("PreparedStatement p = c.prepareStatement(\"SELECT ?\"); p.setString(1, name);"
         " p.executeQuery();", []),
        ("java.io.File f = new java.io.File(FilenameUtils.getName(name));", []),
    ],
)  # fmt: skip
def test_what_makes_harmless(java: Java, statement: str, raised: list[str]) -> None:
    assert java(statement) == raised


@pytest.mark.parametrize(
    ("statement", "raised"),
    [
        ('MessageDigest.getInstance("MD5");', ["weak-hash"]),
        ('MessageDigest.getInstance("SHA-256");', []),
        ('String a = "SHA" + 1; MessageDigest.getInstance(a);', ["weak-hash"]),
        ('Cipher.getInstance("AES/ECB/PKCS5Padding");', ["weak-cipher"]),
        ('Cipher.getInstance("AES/GCM/NoPadding");', []),
        ("new java.util.Random().nextInt();", ["weak-random"]),
        ("new java.security.SecureRandom().nextInt();", []),
        ("Cookie c = new Cookie(\"a\", \"b\"); c.setSecure(false);", ["insecure-cookie"]),
        ("Cookie c = new Cookie(\"a\", \"b\"); c.setSecure(true);", []),
        ("Properties p = new Properties();"
         " MessageDigest.getInstance(p.getProperty(\"a\", \"MD5\"));", ["weak-hash"]),
    ],
)  # fmt: skip
def test_literals_that_are_weak(java: Java, statement: str, raised: list[str]) -> None:
    assert java(statement) == raised


def test_a_property_file_of_the_set_says_what_a_setting_is() -> None:
    text = """class A { void f(Properties p) throws Exception {
      MessageDigest.getInstance(p.getProperty("hash", "SHA-512"));
    } }"""
    settings = document("hash = MD5\n", "app.properties")
    assert not analysed([document(text)]).flows
    assert [f.literal for f in analysed([document(text), settings]).flows] == ["MD5"]


@pytest.mark.parametrize(
    ("statement", "raised"),
    [
        ("int x = values[n];", ["array-index"]),
        ("if (n >= 0 && n < values.length) { int x = values[n]; }", []),
        ("if (n < values.length) { int x = values[n]; }", ["array-index"]),
        ("int x = 100 / n;", ["division"]),
        ("if (n != 0) { int x = 100 / n; }", []),
        ("byte[] b = new byte[n];", ["allocation"]),
        ("if (n < 64) { byte[] b = new byte[n]; }", []),
        ("int x = n * 2;", ["integer-overflow"]),
        ("if (n < Integer.MAX_VALUE / 2) { int x = n * 2; }", ["integer-overflow"]),
        ("if (n > 0 && n < Integer.MAX_VALUE / 2) { int x = n * 2; }", []),
        ("if (n < 9) { int x = n + 2; }", []),
        ("if (n >= -9 && n <= 9) { byte b = (byte) n; }", []),
        ("byte b = (byte) 300;", ["narrowing"]),
        ("byte b = Byte.MAX_VALUE; byte c = (byte) (b + 1);", ["integer-overflow"]),
        ("float f = 0.0f; if (Math.abs(f) > 0.1) { float g = 1 / f; }", []),
        ("float f = 0.0f; float g = 1 / f;", ["division"]),
        ("String s = null; s.trim();", ["null-dereference"]),
        ("String s = null; if (n > 1) { s = name; } s.trim();", []),
        ("byte b = (byte) n;", ["narrowing"]),
        ("for (int i = 0; i < n; i++) { work(); }", ["endless-work"]),
        ("if (n < 20) { for (int i = 0; i < n; i++) { work(); } }", []),
        ("int x = Integer.MAX_VALUE; int y = x + 1;", ["integer-overflow"]),
    ],
)  # fmt: skip
def test_numbers_from_outside(java: Java, statement: str, raised: list[str]) -> None:
    body = f"int n = Integer.parseInt(name); int[] values = {{1, 2, 3}}; {statement}"
    assert java(body) == raised


def test_a_flow_crosses_files_and_says_its_way() -> None:
    web = document(
        "class Web {\n  void doGet(HttpServletRequest r) throws Exception {\n"
        '    String id = r.getParameter("id");\n    new Store().find(id);\n  }\n}\n',
        "web/Web.java",
    )
    store = document(
        "class Store {\n  java.sql.Statement s;\n  void find(String key) throws Exception {\n"
        '    s.executeQuery("SELECT " + key);\n  }\n}\n',
        "db/Store.java",
    )
    analysis = analysed([web, store])
    assert told(analysis, [web, store]) == [("sql-injection", 4, 3)]
    flow = analysis.flows[0]
    assert flow.sink.path == "db/Store.java" and flow.taint is not None
    assert flow.taint.source.path == "web/Web.java"
    assert web.text[flow.taint.source.start : flow.taint.source.end] == 'r.getParameter("id")'


def test_an_annotated_parameter_is_a_source() -> None:
    text = """class C {
      @GetMapping("/a") String a(@RequestParam String q) { jdbcTemplate.queryForList("x" + q); }
      String b(String q) { jdbcTemplate.queryForList("x" + q); }
    }"""
    document_ = document(text)
    assert told(analysed([document_]), [document_]) == [("sql-injection", 2, 2)]


def test_values_of_the_machine_are_told_apart(java: Java) -> None:
    text = """class A { public static void main(String[] args) throws Exception {
      Runtime.getRuntime().exec(args[0]);
      Runtime.getRuntime().exec(System.getenv("X"));
    } }"""
    kinds = [(f.taint.label, f.taint.kind) for f in analysed([document(text)]).flows if f.taint]
    assert kinds == [("command line", "local"), ("environment", "local")]


def test_sinks_are_told_apart_by_what_reaches_them() -> None:
    text = """class A { void f(Statement s, String given) throws Exception {
      s.executeQuery("SELECT 1"); s.executeQuery("SELECT " + given);
    } }"""
    assert [v for (c, _), v in analysed([document(text)]).sinks.items()] == ["fixed", "unknown"]
