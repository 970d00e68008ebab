"""Opens each URL as text (`urlopen`), or tells the status that it failed with."""
import sys
import urllib.error
import urllib.request

for url in sys.argv[1:]:
    try:
        with urllib.request.urlopen(url) as page:
            print(page.read().decode(), end="")
    except urllib.error.HTTPError as error:
        print(error.code, error.read().decode(), end="")
