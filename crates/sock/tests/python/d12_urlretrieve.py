import sys
import urllib.request

url = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000/"
file = sys.argv[2] if len(sys.argv) > 2 else "index.html"
urllib.request.urlretrieve(url, file)
