"""As ``sentences``, for the signs of code."""

from __future__ import annotations

SENTENCES: dict[str, list[tuple[str, str | None]]] = {
    "code.sql-injection": [
        ('db.execute(f"select * from t where id = {id}")', None),
        ('db.execute("select * from t where id = " + id)', None),
        ("db.query(`select * from t where id = ${id}`)", None),
        ('sql += " WHERE name LIKE \'%" + name', '"does not look like a file" % name'),
        ('" WHERE NOT deleted AND name = {name}"', 'f"and file {file!r} combination"'),
    ],
    "code.command-execution": [
        ("if not subprocess.run(line, shell=True):", None),
        ("return not os.system(line)", None),
        ("return value is not None and eval(value)", None),
        ("exec(text)", None),
        ("const { exec } = require('child_process')", None),
        ("pickle.loads(body)", "pickle.dumps(body)"),
        ("yaml.load(text, Loader=yaml.UnsafeLoader)", "yaml.safe_load(text)"),
    ],
    "code.path-traversal": [
        ("open(request.args['f'])", "self.parent.open(request, timeout=2)"),
        ("os.path.join(ROOT, request.args['f'])", "os.path.join(ROOT, filename)"),
    ],
    "code.secrets": [
        ('password = "hunter2-hunter2"', 'password = os.environ["PASSWORD"]'),
        ("api_key: 9f3b1c77aa", "token = tokens.issue(account)"),
        ("-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN PUBLIC KEY-----"),
        ("postgres://app:s3cret-s3cret@db/app", "postgres://db/app"),
    ],
    "code.weak-crypto": [
        ("hashlib.md5(password)", "hashlib.sha256(password)"),
        ("hashlib.new('sha1', password)", "hashlib.new('sha512', password)"),
        ("random.choice(LETTERS)", "secrets.choice(LETTERS)"),
        ("Math.random()", None),
        ("cipher = DES.new(key)", None),
        ("AES.new(key, AES.MODE_ECB)", "AES.new(key, AES.MODE_GCM)"),
        ('if algorithm == "none":', 'if algorithm == "RS256":'),
    ],
    "code.html-injection": [
        ("row.innerHTML = name", 'row.innerHTML = "";'),
        ("{{ name | safe }}", "{{ name }}"),
        ("document.write(name)", None),
        ("<p dangerouslySetInnerHTML={x} />", None),
        ("mark_safe(name)", None),
        ("render_template_string(text)", "render_template('a.html')"),
    ],
    "code.swallowed-error": [
        ("except Exception:\n    pass", "except KeyError:\n    log()"),
        ("catch (e) {}", "catch (e) { report(e) }"),
        (
            "except Refused as why:\n    logger.debug('no %s', why)\nship(order)",
            "except Refused:\n    logger.debug('no')\n    raise",
        ),
    ],
    "code.race": [
        (
            "n = int(file.read_text())\nn += 1\nfile.write_text(str(n))",
            "n = int(file.read_text())\nother.write_text(str(n))",
        ),
        (
            "if not os.path.exists(name):\n    with open(name, 'w') as out:",
            "with open(name, 'x') as out:",
        ),
    ],
    "code.open-redirect": [
        ('return redirect(request.args.get("next"))', 'return redirect("/")'),
    ],
    "code.no-timeout": [
        (
            "requests.get(url,\n    headers=made(of(x)),\n)",
            "requests.get(url, headers=h(), timeout=2)",
        ),
    ],
    "code.debug-left-on": [
        ("app.run(debug=True)", "app.run(debug=False)"),
        ("requests.get(url, verify=False)", "requests.get(url)"),
        ("rejectUnauthorized: false", "rejectUnauthorized: true"),
        ("'Access-Control-Allow-Origin': '*'", None),
    ],
}
