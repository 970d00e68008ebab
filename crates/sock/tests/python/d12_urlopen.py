import sys
import urllib.request

url = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000/"
with urllib.request.urlopen(url) as page:
    print(page.read().decode(), end="")
